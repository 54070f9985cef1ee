//! `/core-cache/CHECK`: what the SDK's documentation promises of `fastly::cache::core`, point by point.
//! `/cache-replace`: an object of the core cache gives way to another.

use std::io::{Read, Write};
use std::thread::sleep;
use std::time::Duration;

use fastly::cache::core::{
    insert, lookup, replace, CacheError, CacheKey, Found, ReplaceStrategy, Transaction,
};
use fastly::http::body::StreamingBody;
use fastly::http::purge::{purge_surrogate_key, soft_purge_surrogate_key};
use fastly::http::HeaderName;
use fastly::Request;

use crate::support::{check, check_eq, ok, Expect, Outcome};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const LANGUAGE: HeaderName = HeaderName::from_static("accept-language");

type Checked = Result<(), String>;

fn key(name: &'static str) -> CacheKey {
    CacheKey::from_static(name.as_bytes())
}

fn fill(body: Result<StreamingBody, CacheError>, text: &str) -> Checked {
    let mut body = body.expect_that("a body")?;
    body.write_all(text.as_bytes()).expect_that("writing")?;
    body.finish().expect_that("finishing")
}

fn find(name: &'static str) -> Result<Option<Found>, String> {
    lookup(key(name)).execute().expect_that("looking up")
}

fn must_find(name: &'static str) -> Result<Found, String> {
    find(name)?.ok_or(format!("{name} is not found"))
}

fn text(found: &Found) -> Result<String, String> {
    read(found.to_stream().expect_that("a stream")?)
}

fn read(mut body: fastly::Body) -> Result<String, String> {
    let mut text = String::new();
    body.read_to_string(&mut text).expect_that("reading")?;
    Ok(text)
}

fn transaction(name: &'static str) -> Result<Transaction, String> {
    Transaction::lookup(key(name)).execute().expect_that("a transaction")
}

fn invalid<T>(result: Result<T, CacheError>, what: &str) -> Checked {
    match result {
        Err(CacheError::InvalidOperation) => Ok(()),
        Err(other) => Err(format!("{what}: {other:?}")),
        Ok(_) => Err(format!("{what}: it worked")),
    }
}

fn keys() -> Checked {
    for bytes in [1, 4096, 8135] {
        let long = || CacheKey::from(vec![0xff_u8; bytes]);
        fill(insert(long(), MINUTE).execute(), "x")?;
        check!(lookup(long()).execute().expect_that("it")?.is_some(), "a key of {bytes} bytes is not found");
    }
    check!(lookup(vec![1; 8136].into()).execute().is_err(), "a key of 8136 bytes is taken");
    Ok(())
}

fn metadata() -> Checked {
    check!(find("metadata")?.is_none(), "it is there before");
    let body = insert(key("metadata"), MINUTE)
        .initial_age(10 * SECOND)
        .stale_while_revalidate(5 * SECOND)
        .user_metadata("mine".into())
        .sensitive_data(true)
        .execute();
    fill(body, "hello")?;
    sleep(2 * SECOND);
    let found = must_find("metadata")?;
    check_eq!("max_age", found.max_age(), MINUTE);
    check_eq!("age", found.age().as_secs(), 12);
    check_eq!("remaining_ttl", found.remaining_ttl().as_secs_f64().round(), 48.0);
    check_eq!("swr", found.stale_while_revalidate(), 5 * SECOND);
    check_eq!("length", found.known_length(), Some(5));
    check_eq!("metadata", found.user_metadata(), "mine");
    check_eq!("hits", found.hits(), 1);
    check!(found.is_usable() && !found.is_stale(), "it is not fresh");
    check_eq!("hits", must_find("metadata")?.hits(), 2);
    Ok(())
}

fn defaults() -> Checked {
    fill(insert(key("defaults"), 3 * SECOND).execute(), "x")?;
    let found = must_find("defaults")?;
    check_eq!("age", found.age().as_secs(), 0);
    check_eq!("swr", found.stale_while_revalidate(), Duration::ZERO);
    check_eq!("metadata", found.user_metadata(), "");
    sleep(3 * SECOND);
    check!(find("defaults")?.is_none(), "it is found when its time is over");
    Ok(())
}

fn stale() -> Checked {
    fill(insert(key("stale"), 3 * SECOND).stale_while_revalidate(3 * SECOND).execute(), "x")?;
    sleep(4 * SECOND);
    let found = must_find("stale")?;
    check!(found.is_usable() && found.is_stale(), "it is not stale and usable");
    check_eq!("remaining_ttl", found.remaining_ttl(), Duration::ZERO);
    check!(found.age() > found.max_age(), "its age is below its max-age");
    sleep(2 * SECOND);
    check!(find("stale")?.is_none(), "it is found when it is past all use");
    Ok(())
}

fn overwriting() -> Checked {
    fill(insert(key("overwriting"), MINUTE).user_metadata("a".into()).execute(), "old")?;
    fill(insert(key("overwriting"), 2 * MINUTE).execute(), "new")?;
    let found = must_find("overwriting")?;
    check_eq!("the text", text(&found)?, "new");
    check_eq!("max_age", found.max_age(), 2 * MINUTE);
    check_eq!("metadata", found.user_metadata(), "");
    check_eq!("hits", found.hits(), 1);
    Ok(())
}

fn vary() -> Checked {
    let put = |language: &str| {
        let builder = insert(key("vary"), MINUTE).header(LANGUAGE, language).header("x-other", language);
        fill(builder.vary_by([&LANGUAGE]).execute(), language)
    };
    put("fr")?;
    put("de")?;
    for language in ["fr", "de"] {
        let found = lookup(key("vary")).header(LANGUAGE, language).execute().expect_that("it")?;
        check_eq!("the text", text(&found.ok_or(format!("{language} is not found"))?)?, language);
    }
    let other = lookup(key("vary")).header(LANGUAGE, "en").execute().expect_that("it")?;
    check!(other.is_none(), "what was never stored is found");
    check!(find("vary")?.is_none(), "it is found without the header");
    let both = [b"fr".as_slice(), b"de".as_slice()];
    let values = both.map(|v| fastly::http::HeaderValue::from_bytes(v).expect("a value"));
    let two = lookup(key("vary")).header_values(LANGUAGE, values.iter()).execute().expect_that("it")?;
    check!(two.is_none(), "two values are taken for one");
    Ok(())
}

fn streaming() -> Checked {
    let mut writer = insert(key("streaming"), MINUTE).execute().expect_that("a body")?;
    let found = must_find("streaming")?;
    check_eq!("the length of what comes", found.known_length(), None);
    let mut reader = found.to_stream().expect_that("a stream")?;
    writer.write_all(b"half ").expect_that("writing")?;
    writer.flush().expect_that("flushing")?;
    let mut half = [0; 5];
    reader.read_exact(&mut half).expect_that("reading")?;
    check_eq!("the first half", &half, b"half ");
    writer.write_all(b"whole").expect_that("writing")?;
    writer.finish().expect_that("finishing")?;
    check_eq!("the rest", read(reader)?, "whole");
    check_eq!("the length at the end", must_find("streaming")?.known_length(), Some(10));
    Ok(())
}

fn promised_length() -> Checked {
    let mut writer = insert(key("promised"), MINUTE).known_length(5).execute().expect_that("a body")?;
    let found = must_find("promised")?;
    check_eq!("the promised length", found.known_length(), Some(5));
    writer.write_all(b"hello").expect_that("writing")?;
    writer.finish().expect_that("finishing")?;
    check_eq!("the text", text(&found)?, "hello");
    Ok(())
}

fn unfinished() -> Checked {
    let mut writer = insert(key("unfinished"), MINUTE).execute().expect_that("a body")?;
    let found = must_find("unfinished")?;
    let mut reader = found.to_stream().expect_that("a stream")?;
    writer.write_all(b"half").expect_that("writing")?;
    drop(writer);
    check!(reader.read_to_end(&mut Vec::new()).is_err(), "the reader learns nothing");
    check!(find("unfinished")?.is_none(), "half an object is found");
    Ok(())
}

fn surrogate_keys() -> Checked {
    for (name, keys) in [("purge1", ["one", "all"]), ("purge2", ["two", "all"])] {
        fill(insert(key(name), MINUTE).surrogate_keys(keys).execute(), "x")?;
    }
    purge_surrogate_key("one").expect_that("purging")?;
    check!(find("purge1")?.is_none(), "it is found after its purge");
    check!(!must_find("purge2")?.is_stale(), "another one is stale");
    soft_purge_surrogate_key("all").expect_that("purging")?;
    let found = must_find("purge2")?;
    check!(found.is_stale() && found.is_usable(), "softly purged, it is not stale and usable");
    fill(insert(key("purge2"), MINUTE).execute(), "x")?;
    check!(!must_find("purge2")?.is_stale(), "a new one is stale");
    Ok(())
}

fn invalid_keys() -> Checked {
    let builder = insert(key("invalid keys"), MINUTE).surrogate_keys(["caf\u{e9}", "good", "tab\there"]);
    fill(builder.execute(), "x")?;
    check!(find("invalid keys")?.is_some(), "it is not found");
    purge_surrogate_key("good").expect_that("purging")?;
    check!(find("invalid keys")?.is_none(), "the good key does not count");
    Ok(())
}

fn deliver_node() -> Checked {
    let builder = insert(key("deliver"), MINUTE).deliver_node_max_age(2 * MINUTE);
    check!(builder.execute().is_err(), "it may live longer at a node than at all");
    fill(insert(key("deliver"), MINUTE).deliver_node_max_age(SECOND).execute(), "x")?;
    check_eq!("max_age", must_find("deliver")?.max_age(), MINUTE);
    Ok(())
}

fn one_stream() -> Checked {
    fill(insert(key("one stream"), MINUTE).execute(), "hello")?;
    let found = must_find("one stream")?;
    let first = found.to_stream().expect_that("a stream")?;
    invalid(found.to_stream(), "a second stream")?;
    invalid(found.to_stream_from_range(Some(1), None), "a second part")?;
    check_eq!("the first", read(first)?, "hello");
    check_eq!("again", text(&found)?, "hello");
    Ok(())
}

fn ranges() -> Checked {
    let rows = [
        (Some(1), Some(3), "ell"),
        (Some(2), Some(2), "l"),
        (Some(2), None, "llo"),
        (None, Some(2), "lo"),
        (None, None, "hello"),
        (Some(1), Some(5), "hello"),
        (Some(5), None, "hello"),
        (None, Some(6), "hello"),
    ];
    fill(insert(key("ranges"), MINUTE).execute(), "hello")?;
    let found = must_find("ranges")?;
    for (from, to, expected) in rows {
        let part = found.to_stream_from_range(from, to).expect_that("a part")?;
        check_eq!(format!("{from:?} to {to:?}"), read(part)?, expected);
    }
    check!(found.to_stream_from_range(Some(3), Some(1)).is_err(), "the end may be before the begin");
    Ok(())
}

fn ranges_of_unknown_length() -> Checked {
    let mut writer = insert(key("unknown"), MINUTE).execute().expect_that("a body")?;
    writer.write_all(b"hello").expect_that("writing")?;
    writer.flush().expect_that("flushing")?;
    let whole = must_find("unknown")?;
    let always = || lookup(key("unknown")).always_use_requested_range().execute();
    let part = always().expect_that("it")?.ok_or("it is not found")?;
    let beyond = always().expect_that("it")?.ok_or("it is not found")?;
    let whole = whole.to_stream_from_range(Some(1), Some(3)).expect_that("a part")?;
    let part = part.to_stream_from_range(Some(1), Some(3)).expect_that("a part")?;
    let mut beyond = beyond.to_stream_from_range(Some(1), Some(30)).expect_that("a part")?;
    writer.finish().expect_that("finishing")?;
    check_eq!("as always", read(whole)?, "hello");
    check_eq!("when asked for", read(part)?, "ell");
    check!(beyond.read_to_end(&mut Vec::new()).is_err(), "a part that never comes is no error");
    Ok(())
}

fn collapsing() -> Checked {
    let leader = transaction("collapsing")?;
    check!(leader.must_insert() && leader.must_insert_or_update(), "the first is not to insert");
    check!(leader.found().is_none(), "the first has found something");
    let waiter = Transaction::lookup(key("collapsing")).execute_async().expect_that("a transaction")?;
    check!(waiter.pending().expect_that("asking")?, "the second does not wait");
    let mut writer = leader.insert(MINUTE).execute().expect_that("a body")?;
    check!(!waiter.pending().expect_that("asking")?, "the second waits for more than metadata");
    let waiter = waiter.wait().expect_that("waiting")?;
    check!(!waiter.must_insert_or_update(), "the second is to insert, too");
    let found = waiter.found().ok_or("the second finds nothing")?;
    writer.write_all(b"once").expect_that("writing")?;
    writer.finish().expect_that("finishing")?;
    check_eq!("what the second reads", text(&found)?, "once");
    invalid(waiter.cancel_insert_or_update(), "cancelling what it does not owe")?;
    invalid(waiter.insert(MINUTE).execute(), "inserting what it does not owe")
}

fn handing_over() -> Checked {
    let first = transaction("handing over")?;
    let wait = || Transaction::lookup(key("handing over")).execute_async().expect_that("a transaction");
    let (second, third) = (wait()?, wait()?);
    first.cancel_insert_or_update().expect_that("cancelling")?;
    invalid(first.cancel_insert_or_update(), "cancelling twice")?;
    check!(!second.pending().expect_that("asking")?, "the second still waits");
    check!(third.pending().expect_that("asking")?, "the third does not wait any more");
    let second = second.wait().expect_that("waiting")?;
    check!(second.must_insert(), "the second is not obliged");
    drop(second);
    let third = third.wait().expect_that("waiting")?;
    check!(third.must_insert(), "the third is not obliged after the second went");
    invalid(third.update(MINUTE).execute(), "updating nothing")
}

/// The second gives up waiting before the first gives up inserting: it is the third's turn.
fn giving_up() -> Checked {
    let first = transaction("giving up")?;
    let wait = || Transaction::lookup(key("giving up")).execute_async().expect_that("a transaction");
    let (second, third) = (wait()?, wait()?);
    drop(second);
    first.cancel_insert_or_update().expect_that("cancelling")?;
    check!(!third.pending().expect_that("asking")?, "the third waits for who has given up");
    check!(third.wait().expect_that("waiting")?.must_insert(), "the third is not obliged");
    Ok(())
}

fn revalidating() -> Checked {
    let put = insert(key("revalidating"), 3 * SECOND).stale_while_revalidate(MINUTE);
    fill(put.surrogate_keys(["old"]).user_metadata("old".into()).execute(), "body")?;
    sleep(4 * SECOND);
    let one = transaction("revalidating")?;
    let other = transaction("revalidating")?;
    check!(one.must_insert_or_update() && !one.must_insert(), "the first is not to update");
    check!(!other.must_insert_or_update(), "both are to update");
    check!(one.found().is_some_and(|f| f.is_stale()), "the first has nothing stale");
    check!(other.found().is_some_and(|f| f.is_stale()), "the other has nothing stale");
    one.update(MINUTE).age(SECOND).execute().expect_that("updating")?;
    let found = must_find("revalidating")?;
    check!(!found.is_stale(), "it is still stale");
    check_eq!("its age", found.age().as_secs(), 1);
    check_eq!("its body", text(&found)?, "body");
    check_eq!("swr, which was not said again", found.stale_while_revalidate(), Duration::ZERO);
    check_eq!("metadata, which was not said again", found.user_metadata(), "");
    purge_surrogate_key("old").expect_that("purging")?;
    check!(find("revalidating")?.is_some(), "the old surrogate key still counts");
    Ok(())
}

fn streaming_back() -> Checked {
    let leader = transaction("back")?;
    let (mut writer, found) = leader.insert(MINUTE).execute_and_stream_back().expect_that("a body")?;
    let reader = found.to_stream().expect_that("a stream")?;
    writer.write_all(b"there and back").expect_that("writing")?;
    writer.finish().expect_that("finishing")?;
    check_eq!("what comes back", read(reader)?, "there and back");
    Ok(())
}

fn timing_out() -> Checked {
    let _leader = transaction("late")?;
    let lookup = || Transaction::lookup(key("late"));
    let late = lookup().timeout(2 * SECOND).execute();
    check!(matches!(late, Err(CacheError::Timeout)), "it waits for longer than it may");
    let pending = lookup().timeout(MINUTE).execute_async().expect_that("a transaction")?;
    check!(matches!(pending.wait_for(SECOND), Err(CacheError::Timeout)), "wait_for() does not count");
    check!(lookup().execute_async().expect_that("it")?.pending().expect_that("it")?, "nobody is obliged");
    Ok(())
}

fn replacing() -> Checked {
    fill(insert(key("replacing"), MINUTE).execute(), "old")?;
    let next = replace(key("replacing")).begin().expect_that("it")?;
    check_eq!("meanwhile", text(&must_find("replacing")?)?, "old");
    fill(next.execute(MINUTE), "new")?;
    check_eq!("then", text(&must_find("replacing")?)?, "new");
    let force = replace(key("replacing")).replace_strategy(ReplaceStrategy::ImmediateForceMiss);
    let force = force.begin().expect_that("it")?;
    let late = Transaction::lookup(key("replacing")).execute_async().expect_that("it")?;
    check!(late.pending().expect_that("asking")?, "who comes later does not wait");
    fill(force.execute(MINUTE), "newest")?;
    let late = late.wait().expect_that("waiting")?;
    check_eq!("who came later", text(&late.found().ok_or("it has found nothing")?)?, "newest");
    Ok(())
}

/// One key, a megabyte each time, and each is held: what is replaced counts until it is let go.
fn holding() -> Checked {
    let megabyte = "m".repeat(1 << 20);
    let mut held = Vec::new();
    let failed = loop {
        if fill(insert(key("holding"), MINUTE).execute(), &megabyte).is_err() {
            break true;
        }
        match find("holding")? {
            Some(found) if held.len() < 1000 => held.push(found),
            found => break found.is_none(),
        }
    };
    check!(failed, "a thousand megabytes are held");
    check!(held.len() > 100, "only {} are held", held.len());
    check_eq!("the first", text(&held[0])?, megabyte);
    drop(held);
    fill(insert(key("holding"), MINUTE).execute(), &megabyte)?;
    check!(find("holding")?.is_some(), "nothing fits when all are let go");
    Ok(())
}

const CHECKS: &[(&str, fn() -> Checked)] = &[
    ("collapsing", collapsing),
    ("defaults", defaults),
    ("deliver-node", deliver_node),
    ("giving-up", giving_up),
    ("handing-over", handing_over),
    ("holding", holding),
    ("invalid-keys", invalid_keys),
    ("keys", keys),
    ("metadata", metadata),
    ("one-stream", one_stream),
    ("overwriting", overwriting),
    ("promised-length", promised_length),
    ("ranges", ranges),
    ("ranges-of-unknown-length", ranges_of_unknown_length),
    ("replacing", replacing),
    ("revalidating", revalidating),
    ("stale", stale),
    ("streaming", streaming),
    ("streaming-back", streaming_back),
    ("surrogate-keys", surrogate_keys),
    ("timing-out", timing_out),
    ("unfinished", unfinished),
    ("vary", vary),
];

pub fn core_cache(request: Request) -> Outcome {
    let name = request.get_path().rsplit('/').next().unwrap_or("").to_owned();
    let (_, run) = CHECKS.iter().find(|(check, _)| *check == name).ok_or(format!("no check {name}"))?;
    run()?;
    ok(name)
}

pub fn replaced(_: Request) -> Outcome {
    let nothing = replace(key("replaced")).begin().map_err(|why| format!("{why:?}"))?;
    check!(nothing.existing_object().is_none(), "something is there before");
    fill(nothing.user_metadata("first".into()).initial_age(MINUTE / 2).execute(MINUTE), "old")?;
    let next = replace(key("replaced")).begin().map_err(|why| format!("{why:?}"))?;
    let found = next.existing_object().ok_or("the first is gone")?;
    check_eq!("its metadata", found.user_metadata(), "first");
    check_eq!("its age", found.age(), MINUTE / 2);
    check_eq!("its max-age", found.max_age(), MINUTE);
    check_eq!("its hits", found.hits(), 1);
    check!(found.is_usable() && !found.is_stale(), "it is not to be used");
    check_eq!("its length", found.known_length(), Some(3));
    let old = found.to_stream().map_err(|why| format!("{why:?}"))?.into_string();
    check_eq!("what it holds", old, "old");
    fill(next.user_metadata("second".into()).known_length(5).stale_while_revalidate(MINUTE).execute(2 * MINUTE), "newer")?;
    let found = must_find("replaced")?;
    check_eq!("the new metadata", found.user_metadata(), "second");
    check_eq!("the new max-age", found.max_age(), 2 * MINUTE);
    check_eq!("the new stale time", found.stale_while_revalidate(), MINUTE);
    let last = replace(key("replaced")).begin().expect_that("it")?;
    let again = last.existing_object().ok_or("the second is gone")?;
    check_eq!("its stale time", again.stale_while_revalidate(), MINUTE);
    check_eq!("what is there now", text(&found)?, "newer");
    fill(insert(key("replaced"), MINUTE).execute(), "over")?;
    ok("replaced")
}
