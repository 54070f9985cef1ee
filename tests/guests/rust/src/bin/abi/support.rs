//! What every family uses: its result, and checks that say what was expected.

use std::fmt::Display;

use fastly::http::StatusCode;
use fastly::Response;
use fastly_shared::FastlyStatus;

/// What a family answers: something for the client, or which expectation failed.
pub type Outcome = Result<Answer, String>;

pub enum Answer {
    /// 200 with `ok` on the first line and these details under it.
    Report(String),
    /// This response as it is.
    Response(Box<Response>),
    /// The family has sent its response itself, or means to end without one.
    Sent,
}

/// All expectations held; the details are for the test to look at.
pub fn ok(details: impl Display) -> Outcome {
    Ok(Answer::Report(details.to_string()))
}

pub fn respond(response: Response) -> Outcome {
    Ok(Answer::Response(Box::new(response)))
}

/// Hands the outcome to the client.
pub fn finish(outcome: Outcome) {
    match outcome {
        Ok(Answer::Report(details)) => text(StatusCode::OK, format!("ok\n{details}")).send_to_client(),
        Ok(Answer::Response(response)) => response.send_to_client(),
        Ok(Answer::Sent) => {}
        Err(why) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("failed: {why}")).send_to_client(),
    }
}

pub fn text(status: StatusCode, body: String) -> Response {
    let mut body = body;
    if !body.ends_with('\n') {
        body.push('\n');
    }
    Response::from_status(status).with_body_text_plain(&body)
}

/// `check!(condition, "words with {}", values)`: ends the family with these words when it is false.
macro_rules! check {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}

/// `check_eq!("what it is", actual, expected)`
macro_rules! check_eq {
    ($what:expr, $actual:expr, $expected:expr) => {{
        // A match, not a let, so that what the arguments borrow from lives until the end.
        match (&$actual, &$expected) {
            (actual, expected) if actual != expected => {
                return Err(format!("{}: expected {:?}, got {:?}", $what, expected, actual));
            }
            _ => {}
        }
    }};
}

pub(crate) use {check, check_eq};

/// A host call that must succeed.
pub fn done(what: &str, status: FastlyStatus) -> Result<(), String> {
    check!(status.is_ok(), "{what}: {status:?}");
    Ok(())
}

/// Turns any error into the words of a failed expectation.
pub trait Expect<T> {
    fn expect_that(self, what: &str) -> Result<T, String>;
}

impl<T, E: std::fmt::Debug> Expect<T> for Result<T, E> {
    fn expect_that(self, what: &str) -> Result<T, String> {
        self.map_err(|error| format!("{what}: {error:?}"))
    }
}

impl<T> Expect<T> for Option<T> {
    fn expect_that(self, what: &str) -> Result<T, String> {
        self.ok_or_else(|| format!("{what}: there is none"))
    }
}
