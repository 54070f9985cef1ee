//! A small GraphQL cache, as the examples for other languages test it: queries are cached under the tag
//! `todos`, mutations go to the origin and log what is to be purged. Each request logs a line of JSON to
//! `access`.
//!
//! `/late` answers and panics behind that; `/dynamic?host=HOST` asks a backend that it registers itself.

use fastly::backend::Backend;
use fastly::cache::core;
use fastly::http::{Method, StatusCode};
use fastly::log::Endpoint;
use fastly::{Error, Request, Response};
use serde_json::{json, Value};
use std::io::Write;
use std::time::Duration;

fn main() -> Result<(), Error> {
    let req = Request::from_client();
    match (req.get_method(), req.get_path()) {
        (&Method::POST, "/graphql") => graphql(req)?.send_to_client(),
        (_, "/late") => {
            Response::from_body("all is well\n").send_to_client();
            panic!("a bug that shows when the client has its answer");
        }
        (_, "/dynamic") => dynamic(&req).send_to_client(),
        _ => Response::from_status(StatusCode::NOT_FOUND).send_to_client(),
    }
    Ok(())
}

fn log(endpoint: &str, line: Value) {
    // One write call is one log entry.
    let mut log = Endpoint::from_name(endpoint);
    log.write_all(line.to_string().as_bytes()).expect("a log endpoint takes a line");
}

fn graphql(mut req: Request) -> Result<Response, Error> {
    let body = req.take_body_str();
    let document: Value = serde_json::from_str(&body)?;
    let query = document["query"].as_str().unwrap_or("");
    if query.starts_with("mutation") {
        let resp = ask_origin(&body)?;
        log("access", json!({"operation": "mutation", "status": resp.get_status().as_u16()}));
        log("purges", json!({"purge": ["todos"]}));
        return Ok(resp);
    }
    let found = core::lookup(query.to_owned().into()).execute()?;
    if let Some(found) = found.filter(|f| !f.is_stale()) {
        log("access", json!({"operation": "query", "cache": "HIT", "hits": found.hits()}));
        let body = found.to_stream()?;
        return Ok(Response::from_body(body).with_header("x-cache", "HIT"));
    }
    let mut resp = ask_origin(&body)?;
    log("access", json!({"operation": "query", "cache": "MISS", "status": resp.get_status().as_u16()}));
    if resp.get_status().is_success() {
        let bytes = resp.take_body_bytes();
        let mut out = core::insert(query.to_owned().into(), Duration::from_secs(60))
            .surrogate_keys(["todos"])
            .execute()?;
        out.write_all(&bytes)?;
        out.finish()?;
        resp.set_body(bytes);
    }
    Ok(resp.with_header("x-cache", "MISS"))
}

fn ask_origin(body: &str) -> Result<Response, Error> {
    let sent = Request::post("https://todos.example/graphql")
        .with_header("content-type", "application/json")
        .with_pass(true)
        .with_body(body)
        .send("todos");
    Ok(sent.unwrap_or_else(|e| {
        log("errors", json!({"error": e.root_cause().to_string()}));
        Response::from_status(StatusCode::BAD_GATEWAY)
    }))
}

fn dynamic(req: &Request) -> Response {
    let host = req.get_query_parameter("host").unwrap_or("dynamic.example");
    let backend = match Backend::builder("registered", host).enable_ssl().finish() {
        Ok(backend) => backend,
        Err(e) => return Response::from_status(StatusCode::FORBIDDEN).with_body(e.to_string()),
    };
    match Request::get(format!("https://{host}/")).send(backend) {
        Ok(resp) => resp,
        Err(e) => Response::from_status(StatusCode::BAD_GATEWAY).with_body(e.root_cause().to_string()),
    }
}
