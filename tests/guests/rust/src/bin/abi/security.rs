//! `/inspect`: asks the web application firewall.

use fastly::security::{inspect as ask, InspectConfig};
use fastly::Request;

use crate::support::{ok, Expect, Outcome};

/// `?corp=` and `&workspace=` say whose firewall, `&ip=` whom to inspect instead of the client.
pub fn inspect(request: Request) -> Outcome {
    let parameter = |name| request.get_query_parameter(name);
    let config = InspectConfig::from_request(&request)
        .corp(parameter("corp").unwrap_or("corp"))
        .workspace(parameter("workspace").unwrap_or("workspace"));
    let config = match parameter("ip") {
        Some(ip) => config.client_ip(ip.parse().expect_that("ip")?),
        None => config,
    };
    let config = match parameter("room") {
        Some(bytes) => config.buffer_size(bytes.parse().expect_that("room")?),
        None => config,
    };
    let answer = ask(config).expect_that("inspect")?;
    ok(format!(
        "verdict: {:?}\nstatus: {}\ntags: {:?}\nredirect: {:?}\ntook: {:?}",
        answer.verdict(),
        answer.status(),
        answer.tags(),
        answer.redirect_url(),
        answer.decision_ms(),
    ))
}
