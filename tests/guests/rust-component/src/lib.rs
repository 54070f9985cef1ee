//! A guest of the component model. Every route uses one part of the world that WIT describes, through the SDK's own
//! bindings for wasm32-wasip2, and answers with what it saw, a line a fact.

use fastly_sys::service_0_1 as service;
use service::exports::fastly::compute::http_incoming::Guest;
use service::fastly::compute::{
    acl, async_io, backend, cache, compute_runtime, config_store, device_detection, dictionary, geo,
    http_body, http_downstream, http_req, http_resp, kv_store, log, purge, secret_store, types,
};

mod messages;
mod platform;
mod stores;

struct Component;
service::export!(Component with_types_in service);

const MANY: u64 = 1 << 16;

type Answer = Result<String, String>;

fn text<E: std::fmt::Debug>(e: E) -> String {
    format!("{e:?}")
}

/// All of a body.
fn read_all(body: &http_body::Body) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let part = http_body::read(body, 4096).map_err(text)?;
        if part.is_empty() {
            return Ok(all);
        }
        all.extend(part);
    }
}

fn body_of(bytes: &[u8]) -> http_body::Body {
    let body = http_body::new().unwrap();
    let mut at = 0;
    while at < bytes.len() {
        at += http_body::write(&body, &bytes[at..]).unwrap() as usize;
    }
    body
}

fn respond(status: u16, text: &str) {
    let response = http_resp::Response::new().unwrap();
    response.set_status(status).unwrap();
    response.insert_header("x-guest", b"component").unwrap();
    http_resp::send_downstream(response, body_of(text.as_bytes())).unwrap();
}

impl Guest for Component {
    fn handle(request: http_req::Request, body: http_body::Body) -> Result<(), ()> {
        let uri = request.get_uri(MANY).unwrap();
        let path = uri.splitn(4, '/').nth(3).unwrap_or("").to_string();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let answer = match path {
            "hello" => Ok("Hello from a component!".to_string()),
            "echo" => messages::echo(&request, &body),
            "headers" => messages::headers(&request),
            "response" => return messages::response(),
            "stream" => return messages::stream(),
            "proxy" => return messages::proxy(request, body),
            "fetch" => messages::fetch(),
            "refused" => messages::refused(),
            "dynamic" => messages::dynamic(),
            "backends" => messages::backends(),
            "select" => messages::select(),
            "kv" => stores::kv(),
            "tables" => stores::tables(),
            "cache" => stores::cache(),
            "purge" => stores::purge(),
            "client" => platform::client(&request),
            "facts" => platform::facts(),
            "runtime" => platform::runtime(),
            "wasi" => platform::wasi(),
            "sleep" => platform::sleep(query),
            "log" => platform::log(),
            "panic" => panic!("as it was told"),
            "exit" => std::process::exit(3),
            "fail" => return Err(()),
            "spin" => loop {
                std::hint::spin_loop()
            },
            _ => Err(format!("no such route: {path}")),
        };
        match answer {
            Ok(said) => respond(200, &said),
            Err(why) => respond(500, &format!("failed: {why}")),
        }
        Ok(())
    }
}
