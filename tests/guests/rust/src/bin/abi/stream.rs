//! `/stream`, `/stream-abandon`, `/stream-append`: responses whose body is written after the head has
//! been sent.

use std::io::Write;
use std::time::Duration;

use fastly::experimental::StreamingBodyExt;
use fastly::{Body, Request, Response};

use crate::support::{Answer, Expect, Outcome};

/// `?lines=N` (1000 unless given), and `?pause=MS` between them.
pub fn stream(request: Request) -> Outcome {
    let number = |name: &str, default: u64| {
        request
            .get_query_parameter(name)
            .map_or(Ok(default), str::parse)
            .expect_that(name)
    };
    let (lines, pause) = (number("lines", 1000)?, number("pause", 0)?);
    let mut body = Response::new()
        .with_header("content-type", "text/plain")
        .stream_to_client();
    for i in 0..lines {
        if writeln!(body, "line {i}").and_then(|()| body.flush()).is_err() {
            // The client went away; that is for the log, since nobody is left to be told.
            crate::log::write("stream", &format!("stopped at line {i}"));
            return Ok(Answer::Sent);
        }
        if pause > 0 {
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
    body.append_trailer("x-lines", lines.to_string());
    body.finish().expect_that("finishing")?;
    Ok(Answer::Sent)
}

/// Ten lines, then the guest gives up: the client must be able to tell that the body is incomplete.
pub fn abandon(_request: Request) -> Outcome {
    let mut body = Response::new().stream_to_client();
    for i in 0..10 {
        writeln!(body, "line {i}").expect_that("writing")?;
    }
    body.flush().expect_that("flushing")?;
    body.abandon().expect_that("abandoning")?;
    Ok(Answer::Sent)
}

/// The origin's body between a line before and a line after, without passing through the guest.
pub fn append(_request: Request) -> Outcome {
    let mut response = Request::get("http://origin.example/part")
        .with_pass(true)
        .send("origin")
        .expect_that("sending to origin")?;
    let mut body = Response::new().stream_to_client();
    writeln!(body, "before").expect_that("writing")?;
    body.append(response.take_body());
    body.append(Body::from("\nafter\n"));
    body.finish().expect_that("finishing")?;
    Ok(Answer::Sent)
}
