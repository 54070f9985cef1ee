//! Passes every request to `origin` through the HTTP cache, and the response back: what the public suite for HTTP caches
//! and the benchmarks of the cache run against.

use fastly::http::StatusCode;
use fastly::{Request, Response};

fn main() {
    let request = Request::from_client();
    match request.send("origin") {
        Ok(response) => response.send_to_client(),
        Err(error) => Response::from_status(StatusCode::BAD_GATEWAY)
            .with_body_text_plain(&format!("{}\n", error.root_cause()))
            .send_to_client(),
    }
}
