//! `/wasi`: clocks, randomness, standard streams, sleep, and files that must not be there.
//! `/env`: environment and arguments as JSON.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fastly::http::StatusCode;
use fastly::{Request, Response};

use crate::support::{check, ok, respond, Expect, Outcome};

pub fn wasi(_request: Request) -> Outcome {
    let (system, monotonic) = (SystemTime::now(), Instant::now());
    let since_1970 = system.duration_since(UNIX_EPOCH).expect_that("the time of day")?;
    check!(
        since_1970.as_secs() > 946_684_800,
        "the clock stands before the year 2000"
    );

    std::thread::sleep(Duration::from_secs(1));
    let slept = monotonic.elapsed();
    check!(
        slept >= Duration::from_secs(1),
        "slept for {slept:?} instead of 1 s"
    );
    let passed = system.elapsed().expect_that("the time of day after a sleep")?;
    check!(
        passed >= Duration::from_millis(990),
        "the time of day went on by {passed:?} in 1 s"
    );

    // The only randomness that Rust's library has is the seed of its hash tables.
    let random = RandomState::new().hash_one("a word");

    println!("a line on stdout");
    print!("no newline on stdout");
    eprintln!("a line on stderr");
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).expect_that("stdin")?;
    check!(input.is_empty(), "stdin has {} bytes", input.len());
    check!(
        std::fs::read("/etc/passwd").is_err(),
        "a file of the host can be read"
    );
    check!(
        std::fs::read_dir("/").is_err(),
        "a folder of the host can be listed"
    );
    ok(format!("time: {}\nrandom: {random:016x}", since_1970.as_millis()))
}

pub fn env(_request: Request) -> Outcome {
    let env: std::collections::BTreeMap<String, String> = std::env::vars().collect();
    let args: Vec<String> = std::env::args().collect();
    let facts = serde_json::json!({ "env": env, "args": args });
    respond(
        Response::from_status(StatusCode::OK)
            .with_body_json(&facts)
            .expect_that("JSON")?,
    )
}
