//! `/framing`: messages of five bytes whose Content-Length or Transfer-Encoding is the guest's own word.

use std::io::Write;

use fastly::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use fastly::http::FramingHeadersMode;
use fastly::{Request, Response};

use crate::support::{ok, Answer, Expect, Outcome};

/// `?of=request`: a stream to the origin, `?of=whole`: a response that is all there, else a streamed response. `&manual=1`:
/// the headers count. `&length=` what is announced, of a request `&chunked=1`: that it is; `&written=` what is sent to the origin.
pub fn framing(request: Request) -> Outcome {
    let mode = match request.get_query_parameter("manual") {
        Some(_) => FramingHeadersMode::ManuallyFromHeaders,
        None => FramingHeadersMode::Automatic,
    };
    let length = request.get_query_parameter("length").unwrap_or("5").to_owned();
    match request.get_query_parameter("of") {
        Some("request") => {
            let written = request.get_query_parameter("written").unwrap_or("12345");
            let framing = match request.get_query_parameter("chunked") {
                Some(_) => (TRANSFER_ENCODING, "chunked".to_owned()),
                None => (CONTENT_LENGTH, length),
            };
            let (mut body, pending) = Request::post("http://origin.example/framing")
                .with_header(framing.0, framing.1)
                .with_framing_headers_mode(mode)
                .send_async_streaming("origin")
                .expect_that("sending")?;
            body.write_all(written.as_bytes()).expect_that("writing")?;
            body.finish().expect_that("finishing")?;
            ok(pending.wait().expect_that("waiting")?.take_body_str())
        }
        Some("whole") => Ok(Answer::Response(Box::new(
            Response::from_body("12345")
                .with_header(TRANSFER_ENCODING, "chunked")
                .with_framing_headers_mode(mode),
        ))),
        _ => {
            let mut body = Response::new()
                .with_header(CONTENT_LENGTH, length)
                .with_framing_headers_mode(mode)
                .stream_to_client();
            body.write_all(b"12345").expect_that("writing")?;
            body.finish().expect_that("finishing")?;
            Ok(Answer::Sent)
        }
    }
}
