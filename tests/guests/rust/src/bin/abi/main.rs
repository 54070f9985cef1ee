//! The guest that exercises the host: the first segment of the path chooses a family of host calls,
//! which checks what it can by itself and reports the rest. `GET /` lists the families.
//!
//! Each family is a module; what the host must offer is in `tests/guests/fastly.toml`.

mod support;

mod acl;
mod backend;
mod behalf;
mod body;
mod client;
mod compute_runtime;
mod config_store;
mod core_cache;
mod downstream;
mod early_hints;
mod echo;
mod failures;
mod framing;
mod geo;
mod http_cache;
mod image;
mod kv_store;
mod log;
mod object_store;
mod old_calls;
mod proxy;
mod rate;
mod request;
mod response;
mod secret_store;
mod security;
mod send;
mod send_async;
mod shield;
mod simple_cache;
mod state;
mod stream;
mod user_agent;
mod wasi;

use fastly::http::StatusCode;
use fastly::Request;
use support::{finish, respond, text, Outcome};

type Family = fn(Request) -> Outcome;

const FAMILIES: &[(&str, Family)] = &[
    ("", list),
    ("acl", acl::acl),
    ("backend", backend::backend),
    ("backend-address", send::address),
    ("behalf", behalf::behalf),
    ("body", body::body),
    ("body-streaming", body::streaming),
    ("cache-override", send::cache_override),
    ("cache-replace", core_cache::replaced),
    ("client", client::client),
    ("config-store", config_store::config_store),
    ("core-cache", core_cache::core_cache),
    ("device", geo::device),
    ("dictionary", config_store::dictionary),
    ("dynamic-backend", backend::dynamic_backend),
    ("early-hints", early_hints::early_hints),
    ("echo", echo::echo),
    ("env", wasi::env),
    ("error", failures::error),
    ("exit", failures::exit),
    ("fanout", downstream::fanout),
    ("framing", framing::framing),
    ("geo", geo::geo),
    ("grow", failures::grow),
    ("http-cache", http_cache::http_cache),
    ("http-cache-lookup", http_cache::lookup),
    ("http-cache-purge", http_cache::purge),
    ("http-cache-requests", http_cache::cacheable),
    ("http-cache-together", http_cache::together),
    ("image", image::image),
    ("image-raw", image::raw),
    ("inspect", security::inspect),
    ("kv-store", kv_store::kv_store),
    ("kv-store-ttl", kv_store::time_to_live),
    ("late-send", send::late),
    ("log", log::log),
    ("loop", failures::spin),
    ("next-request", downstream::next_request),
    ("object-store", object_store::object_store),
    ("old-calls", old_calls::old_calls),
    ("panic", failures::panic),
    ("panic-after-response", failures::panic_after_response),
    ("proxy", proxy::proxy),
    ("proxy-log", proxy::proxy_log),
    ("rate", rate::rate),
    ("recurse", failures::recurse),
    ("req", request::headers),
    ("resp", response::response),
    ("runtime", compute_runtime::runtime),
    ("secret-store", secret_store::secret_store),
    ("send", send::send),
    ("send-async", send_async::select),
    ("send-error", send::error),
    ("send-gzip", send::gzip),
    ("send-pending", send_async::pending_to_client),
    ("send-streaming", send_async::streaming),
    ("shield", shield::shield),
    ("silent", failures::silent),
    ("simple-cache", simple_cache::simple_cache),
    ("state", state::state),
    ("stream", stream::stream),
    ("stream-abandon", stream::abandon),
    ("stream-append", stream::append),
    ("uri", request::uri),
    ("user-agent", user_agent::user_agent),
    ("visits", client::visits),
    ("wasi", wasi::wasi),
    ("websocket", downstream::websocket),
];

fn main() {
    // Not #[fastly::main], which always sends what the function returns: some families send their
    // response themselves, or none.
    fastly::init();
    let request = Request::from_client();
    let name = request.get_path().split('/').nth(1).unwrap_or("").to_owned();
    match FAMILIES.iter().find(|(family, _)| *family == name) {
        Some((_, run)) => finish(run(request)),
        None => text(
            StatusCode::NOT_FOUND,
            format!("there is no family {name}; GET / lists them"),
        )
        .send_to_client(),
    }
}

fn list(_request: Request) -> Outcome {
    let names: Vec<String> = FAMILIES.iter().map(|(name, _)| format!("/{name}")).collect();
    respond(text(StatusCode::OK, names.join("\n")))
}
