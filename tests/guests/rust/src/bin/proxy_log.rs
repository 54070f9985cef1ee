//! One request to the backend `origin`, one JSON line to the log endpoint `access`: the shape of a
//! real service at its smallest, and therefore what the benchmarks run.

use std::io::Write;

use fastly::log::Endpoint;
use fastly::{Error, Request, Response};

#[fastly::main]
fn main(request: Request) -> Result<Response, Error> {
    let method = request.get_method_str().to_owned();
    let path = request.get_path().to_owned();
    let response = request.send("origin")?;
    let line = serde_json::json!({
        "method": method,
        "path": path,
        "status": response.get_status().as_u16(),
    });
    // One write call is one log entry, so the line is complete before it is handed over.
    Endpoint::from_name("access").write_all(line.to_string().as_bytes())?;
    Ok(response)
}
