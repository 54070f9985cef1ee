//! `/echo`: the request as the guest sees it, as JSON text. `?status=` and `?header=name:value`
//! change the answer.

use fastly::{Request, Response};
use serde_json::{json, Value};

use crate::support::{respond, Expect, Outcome};

pub fn echo(mut request: Request) -> Outcome {
    let headers: Vec<Value> = request
        .get_headers()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let status = request
        .get_query_parameter("status")
        .map_or(Ok(200), str::parse)
        .expect_that("?status=")?;
    let header = request.get_query_parameter("header").map(str::to_owned);
    let facts = json!({
        "method": request.get_method_str(),
        "uri": request.get_url_str(),
        "version": format!("{:?}", request.get_version()),
        "headers": headers,
        "body": request.take_body_str_lossy(),
    });
    let mut response = Response::from_status(status as u16)
        .with_body_json(&facts)
        .expect_that("JSON")?;
    if let Some((name, value)) = header.as_deref().and_then(|text| text.split_once(':')) {
        response.append_header(name, value);
    }
    respond(response)
}
