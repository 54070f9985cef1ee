//! `/log`: several endpoints, JSON, newlines, empty and large entries.

use std::io::Write;

use fastly::log::Endpoint;
use fastly::Request;

use crate::support::{check, ok, Expect, Outcome};

/// One host call, therefore one entry.
pub fn write(endpoint: &str, line: &str) {
    Endpoint::from_name(endpoint)
        .write_all(line.as_bytes())
        .expect("fastly_log.write");
}

pub fn log(_request: Request) -> Outcome {
    write("first", "one");
    write("second", "two");
    write("first", "three\n");
    write("first", "two\nlines");
    write("first", "");
    write(
        "first",
        &serde_json::json!({ "level": "info", "text": "æøå \"quoted\"" }).to_string(),
    );
    write("large", &"x".repeat(20_000));
    write("a name with spaces", "four");

    // The same endpoint twice is one endpoint, and not every write ends an entry with a newline.
    let mut endpoint = Endpoint::try_from_name("first").expect_that("opening an endpoint")?;
    writeln!(endpoint, "status={}", 200).expect_that("writing")?;
    for name in ["stdout", "stderr", "", "with:colon", "with\nnewline"] {
        check!(
            Endpoint::try_from_name(name).is_err(),
            "{name:?} is accepted as the name of an endpoint"
        );
    }
    ok("first second large")
}
