//! `/proxy`: the whole request to `origin`, its response back. `/proxy-log`: the same and one line of
//! JSON to the endpoint `access`. A failed request is a 502.

use fastly::http::StatusCode;
use fastly::{Request, Response};

use crate::support::{respond, text, Outcome};

fn forward(request: Request) -> Response {
    request
        .with_pass(true)
        .send("origin")
        .unwrap_or_else(|error| text(StatusCode::BAD_GATEWAY, error.root_cause().to_string()))
}

pub fn proxy(request: Request) -> Outcome {
    respond(forward(request))
}

pub fn proxy_log(request: Request) -> Outcome {
    let method = request.get_method_str().to_owned();
    let path = request.get_path().to_owned();
    let response = forward(request);
    let line = serde_json::json!({
        "method": method,
        "path": path,
        "status": response.get_status().as_u16(),
    });
    crate::log::write("access", &line.to_string());
    respond(response)
}
