//! `/next-request`, `/websocket`, `/fanout`: what else can become of a client's request.

use std::time::Duration;

use fastly::http::serve::{NextRequestError, NextRequestOptions, RequestPromise};
use fastly::http::StatusCode;
use fastly::Request;

use crate::support::{text, Answer, Expect, Outcome};

/// Answers, then asks for one more request in the same sandbox and answers that one, too. A host with
/// one request a sandbox ends the session instead, which is fine. `?abandon=`: asks twice, and gives the first up.
pub fn next_request(request: Request) -> Outcome {
    let options = NextRequestOptions::default().with_timeout(Duration::from_millis(500));
    let mut promise = RequestPromise::new(&options);
    if request.get_query_parameter("abandon").is_some() {
        drop(promise);
        promise = RequestPromise::new(&options);
    }
    text(StatusCode::OK, "ok\nfirst".to_owned()).send_to_client();
    match promise
        .expect_that("asking for another request")
        .map(RequestPromise::wait)
    {
        Ok(Ok(another)) => {
            let path = another.get_path().to_owned();
            text(StatusCode::OK, format!("ok\nanother: {path}")).send_to_client();
            crate::log::write("next", &format!("another: {path}"));
        }
        Ok(Err(NextRequestError::EndOfSession)) => crate::log::write("next", "end of session"),
        Ok(Err(error)) => crate::log::write("next", &format!("error: {error:?}")),
        Err(why) => crate::log::write("next", &why),
    }
    Ok(Answer::Sent)
}

pub fn websocket(request: Request) -> Outcome {
    request
        .handoff_websocket("origin")
        .expect_that("handing over to a websocket")?;
    Ok(Answer::Sent)
}

pub fn fanout(request: Request) -> Outcome {
    request
        .handoff_fanout("origin")
        .expect_that("handing over to fanout")?;
    Ok(Answer::Sent)
}
