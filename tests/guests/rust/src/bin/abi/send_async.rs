//! `/send-async`, `/send-streaming`, `/send-pending`: backend requests that are not waited for at
//! once.

use std::io::Write;
use std::time::Duration;

use fastly::experimental::StreamingBodyExt;
use fastly::http::request::{select as select_first, PendingRequest, PollResult};
use fastly::Request;
use fastly_sys::fastly_http_req::PendingResponseKind;

use crate::send::describe;
use crate::support::{check, check_eq, ok, Answer, Expect, Outcome};

fn start(path: &str, backend: &str) -> Result<PendingRequest, String> {
    Request::get(format!("http://origin.example{path}"))
        .with_pass(true)
        .send_async(backend)
        .expect_that(path)
}

/// Two requests at once, `/slow` of `origin` and `/fast` of `other`; the report has them in the order
/// in which they came back. A third is asked for without waiting until it is there.
pub fn select(_request: Request) -> Outcome {
    let both = vec![start("/slow", "origin")?, start("/fast", "other")?];
    let (first, rest) = select_first(both);
    let first = first.expect_that("the first response")?;
    check_eq!("how many are left", rest.len(), 1);
    let (second, rest) = select_first(rest);
    let second = second.expect_that("the second response")?;
    check!(rest.is_empty(), "{} are left", rest.len());

    let mut pending = start("/polled", "origin")?;
    let mut polls = 0;
    let polled = loop {
        polls += 1;
        match pending.poll() {
            PollResult::Done(result) => break result.expect_that("the polled response")?,
            PollResult::Pending(again) if polls < 10_000 => pending = again,
            PollResult::Pending(_) => return Err("10000 polls and no response".to_owned()),
        }
        // A guest that polls must let time pass, or a host with virtual time stands still.
        std::thread::sleep(Duration::from_millis(1));
    };
    ok(format!(
        "first\n{}\nsecond\n{}\npolled\n{}",
        describe(first),
        describe(second),
        describe(polled)
    ))
}

/// The request's body is written after the request has been sent, with a trailer behind it.
pub fn streaming(_request: Request) -> Outcome {
    let (mut body, pending) = Request::post("http://origin.example/upload")
        .with_pass(true)
        .send_async_streaming("origin")
        .expect_that("starting the upload")?;
    for i in 0..3 {
        write!(body, "piece {i};").expect_that("writing")?;
        body.flush().expect_that("flushing")?;
    }
    body.append(fastly::Body::from("appended;"));
    body.append_trailer("x-pieces", "4");
    body.finish().expect_that("finishing")?;
    ok(describe(pending.wait().expect_that("the upload's response")?))
}

/// The guest ends while the response is still on its way to the client.
pub fn pending_to_client(_request: Request) -> Outcome {
    let mut pending = start("/pending", "origin")?;
    pending.append_response_header("x-added", "by the guest", PendingResponseKind::Any);
    pending.set_response_header("x-set", "by the guest", PendingResponseKind::Response);
    pending.remove_response_header("x-remove", PendingResponseKind::Any);
    pending
        .send_to_client()
        .expect_that("handing the response over")?;
    Ok(Answer::Sent)
}
