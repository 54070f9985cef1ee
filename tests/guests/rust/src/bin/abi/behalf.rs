//! `/behalf`: sends with the cache of another service.

use fastly::Request;

use crate::support::{ok, Expect, Outcome};

pub fn behalf(request: Request) -> Outcome {
    let service = request.get_query_parameter("service").unwrap_or("other");
    let mut response = Request::get("http://origin.example/cached")
        .on_behalf_of(service)
        .expect_that("on_behalf_of")?
        .send("origin")
        .expect_that("send")?;
    ok(format!(
        "{}: {}",
        response.get_status().as_u16(),
        response.take_body_str(),
    ))
}
