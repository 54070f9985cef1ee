//! `/simple-cache/CHECK`: what the SDK's documentation promises of `fastly::cache::simple`.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use fastly::cache::core::{insert, lookup, CacheKey, Transaction};
use fastly::cache::simple::{get, get_or_set, get_or_set_with, purge, purge_with_opts, CacheEntry, CacheError, PurgeOptions};
use fastly::Request;

use crate::support::{check, check_eq, ok, Expect, Outcome};

const MINUTE: Duration = Duration::from_secs(60);

type Checked = Result<(), String>;

fn text(key: &'static str) -> Result<Option<String>, String> {
    Ok(get(key).expect_that("getting")?.map(|body| body.into_string()))
}

fn set(key: &'static str, value: &'static str) -> Result<String, String> {
    Ok(get_or_set(key, value, MINUTE).expect_that("setting")?.into_string())
}

fn setting() -> Checked {
    check_eq!("before", text("setting")?, None);
    check_eq!("what was set", set("setting", "first")?, "first");
    check_eq!("what was there", set("setting", "second")?, "first");
    check_eq!("what is there", text("setting")?.as_deref(), Some("first"));
    sleep(MINUTE);
    check_eq!("after its time", text("setting")?, None);
    check_eq!("what is set then", set("setting", "third")?, "third");
    Ok(())
}

fn closures() -> Checked {
    let entry = || Ok(CacheEntry { value: "made".into(), ttl: MINUTE });
    let made = get_or_set_with("closures", entry).expect_that("making")?;
    check_eq!("what was made", made.expect("a body").into_string(), "made");
    let again = get_or_set_with("closures", || panic!("it is made again")).expect_that("getting")?;
    check_eq!("what is there", again.expect("a body").into_string(), "made");
    let failed = get_or_set_with("failing", || Err(fastly::Error::msg("no")));
    check!(matches!(failed, Err(CacheError::GetOrSet(_))), "its error is lost");
    check_eq!("after an error", text("failing")?, None);
    let next = Transaction::lookup(CacheKey::from_static(b"failing")).execute_async().expect_that("it")?;
    check!(!next.pending().expect_that("it")?, "others still wait for it");
    Ok(())
}

fn purging() -> Checked {
    set("here", "x")?;
    set("stays", "x")?;
    purge("here").expect_that("purging")?;
    check_eq!("what was purged", text("here")?, None);
    set("here", "x")?;
    purge_with_opts("here", PurgeOptions::global_scope()).expect_that("purging")?;
    check_eq!("what was purged everywhere", text("here")?, None);
    check_eq!("what was not", text("stays")?.as_deref(), Some("x"));
    Ok(())
}

fn with_the_core() -> Checked {
    let mut body = insert(CacheKey::from_static(b"core"), MINUTE).execute().expect_that("a body")?;
    body.write_all(b"by the core").expect_that("writing")?;
    body.finish().expect_that("finishing")?;
    check_eq!("what the core has stored", text("core")?.as_deref(), Some("by the core"));
    set("simple", "by this")?;
    let found = lookup(CacheKey::from_static(b"simple")).execute().expect_that("it")?.ok_or("it is not found")?;
    check_eq!("what the core finds", found.to_stream().expect_that("it")?.into_string(), "by this");
    Ok(())
}

const CHECKS: &[(&str, fn() -> Checked)] =
    &[("closures", closures), ("purging", purging), ("setting", setting), ("with-the-core", with_the_core)];

pub fn simple_cache(request: Request) -> Outcome {
    let name = request.get_path().rsplit('/').next().unwrap_or("").to_owned();
    let (_, run) = CHECKS.iter().find(|(check, _)| *check == name).ok_or(format!("no check {name}"))?;
    run()?;
    ok(name)
}
