//! `/inspect`: asks the web application firewall.

use fastly::security::{inspect as ask, InspectConfig};
use fastly::Request;

use crate::support::{ok, Expect, Outcome};

pub fn inspect(request: Request) -> Outcome {
    let config = InspectConfig::from_request(&request)
        .corp("corp")
        .workspace("workspace");
    let answer = ask(config).expect_that("inspect")?;
    ok(format!(
        "verdict: {:?}\nstatus: {}",
        answer.verdict(),
        answer.status()
    ))
}
