//! `/early-hints`: two 103 responses, then the real one.

use fastly::http::StatusCode;
use fastly::{Request, Response};

use crate::support::{respond, text, Outcome};

pub fn early_hints(_request: Request) -> Outcome {
    for link in [
        "</one.css>; rel=preload; as=style",
        "</two.js>; rel=preload; as=script",
    ] {
        Response::from_status(StatusCode::EARLY_HINTS)
            .with_header("link", link)
            .send_to_client();
    }
    respond(text(StatusCode::OK, "ok\nafter two hints".to_owned()))
}
