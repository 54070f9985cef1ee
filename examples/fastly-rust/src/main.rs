//! The shop: which route a request takes, and one line in the access log for each. The same service in
//! JavaScript is in ../fastly-js, and both answer alike, byte for byte.

mod answers;
mod carts;
mod catalog;
mod checkout;
mod settings;

use std::io::Write;

use answers::{page, problem};
use fastly::http::{Method, StatusCode};
use fastly::log::Endpoint;
use fastly::{Error, Request, Response};
use serde::Serialize;
use settings::Settings;

#[fastly::main]
fn main(mut request: Request) -> Result<Response, Error> {
    let method = request.get_method().clone();
    let path = request.get_path().to_owned();
    let response = answer(&mut request, &method, &path)?;
    let line = LogLine {
        method: method.as_str(),
        path: &path,
        status: response.get_status().as_u16(),
        cart: cart_of(&path),
    };
    Endpoint::from_name("access").write_all(serde_json::to_string(&line)?.as_bytes())?;
    Ok(response)
}

#[derive(Serialize)]
struct LogLine<'a> {
    method: &'a str,
    path: &'a str,
    status: u16,
    cart: Option<&'a str>,
}

fn answer(request: &mut Request, method: &Method, path: &str) -> Result<Response, Error> {
    let settings = Settings::read();
    if settings.maintenance {
        let words = "the shop is closed for maintenance";
        return Ok(problem(StatusCode::SERVICE_UNAVAILABLE, words)?.with_header("retry-after", "120"));
    }
    if method == Method::GET && path == "/" {
        return Ok(page(&settings.banner));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["products", id]) if is_id(id) => catalog::show_product(id, &settings),
        ("GET", ["cart", id]) if is_id(id) => carts::show_cart(id),
        ("POST", ["cart", id]) if is_id(id) => carts::add_to_cart(id, request),
        ("POST", ["checkout", id]) if is_id(id) => checkout::place_order(id, &settings),
        _ => problem(StatusCode::NOT_FOUND, "not found"),
    }
}

fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn cart_of(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("cart" | "checkout"), Some(id)) if is_id(id) => Some(id),
        _ => None,
    }
}
