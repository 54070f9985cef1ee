//! The forms that an answer can have.

use fastly::http::StatusCode;
use fastly::{Error, Response};
use serde::Serialize;

pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Error> {
    Ok(Response::from_status(status)
        .with_header("content-type", "application/json")
        .with_header("cache-control", "no-store")
        .with_body(serde_json::to_string(value)?))
}

/// What went wrong, in words for a developer.
pub fn problem(status: StatusCode, words: &str) -> Result<Response, Error> {
    #[derive(Serialize)]
    struct Problem<'a> {
        error: &'a str,
    }
    json(status, &Problem { error: words })
}

pub fn page(banner: &str) -> Response {
    let text = banner
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let body =
        format!("<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<p class=\"banner\">{text}</p>\n");
    Response::from_body(body).with_header("content-type", "text/html; charset=utf-8")
}
