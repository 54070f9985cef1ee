//! `/rate`: counts an entry, and reports what the counter and the box say of it then.

use std::time::Duration;

use fastly::erl::{CounterDuration, Penaltybox, RateCounter, RateWindow, ERL};
use fastly::Request;

use crate::support::{ok, Expect, Outcome};

/// `?entry=` is whom to count, `&delta=` by how much, `&window=` in seconds, `&limit=` per second,
/// `&ttl=` in seconds; `&wait=` seconds go by before anything is done. `&add` puts the entry into the
/// box, whatever it counts; `&increment=` counts without a limit.
pub fn rate(request: Request) -> Outcome {
    let number = |name: &str, usual: u32| -> Result<u32, String> {
        match request.get_query_parameter(name) {
            Some(text) => text.parse().expect_that(name),
            None => Ok(usual),
        }
    };
    let entry = request.get_query_parameter("entry").unwrap_or("client").to_owned();
    let window = match number("window", 1)? {
        1 => RateWindow::OneSec,
        10 => RateWindow::TenSecs,
        _ => RateWindow::SixtySecs,
    };
    let ttl = Duration::from_secs(number("ttl", 60)?.into());
    std::thread::sleep(Duration::from_secs(number("wait", 0)?.into()));

    let counter = RateCounter::open("requests");
    let jail = Penaltybox::open("jail");
    let increment = number("increment", 0)?;
    if increment > 0 {
        counter.increment(&entry, increment).expect_that("increment")?;
    }
    if request.get_query_parameter("add").is_some() {
        jail.add(&entry, ttl).expect_that("add")?;
    }
    let blocked = ERL::open(RateCounter::open("requests"), Penaltybox::open("jail"))
        .check_rate(&entry, number("delta", 1)?, window, number("limit", 10)?, ttl)
        .expect_that("check_rate")?;
    let rate = |window| counter.lookup_rate(&entry, window).expect_that("lookup_rate");
    let count = |duration| counter.lookup_count(&entry, duration).expect_that("lookup_count");
    ok(format!(
        "blocked: {blocked}\nin the box: {}\nrates: {} {} {}\ncounts: {} {} {} {} {} {}",
        jail.has(&entry).expect_that("has")?,
        rate(RateWindow::OneSec)?,
        rate(RateWindow::TenSecs)?,
        rate(RateWindow::SixtySecs)?,
        count(CounterDuration::TenSec)?,
        count(CounterDuration::TwentySecs)?,
        count(CounterDuration::ThirtySecs)?,
        count(CounterDuration::FortySecs)?,
        count(CounterDuration::FiftySecs)?,
        count(CounterDuration::SixtySecs)?,
    ))
}
