//! What requests have in common that are handled at the same time: a counter in a KV store, an object in the
//! cache that one of them fetches for all, and the machine's cores.

use std::io::Write;
use std::time::Duration;

use fastly::cache::core::{CacheKey, Transaction};
use fastly::kv_store::{InsertMode, KVStore, KVStoreError};
use fastly::{Error, Request, Response};

/// Adds one to the counter, again and again until nobody else did meanwhile.
fn count() -> Result<String, Error> {
    let store = KVStore::open("counters")?.expect("the store");
    loop {
        let (insert, next) = match store.lookup("visits") {
            Ok(mut found) => {
                let generation = found.current_generation();
                let seen: u64 = found.take_body().into_string().parse()?;
                (store.build_insert().if_generation_match(generation), seen + 1)
            }
            Err(KVStoreError::ItemNotFound) => (store.build_insert().mode(InsertMode::Add), 1),
            Err(e) => return Err(e.into()),
        };
        match insert.execute("visits", next.to_string()) {
            Ok(()) => return Ok(next.to_string()),
            Err(KVStoreError::ItemPreconditionFailed) => continue,
            Err(e) => return Err(e.into()),
        }
    }
}

/// The object under this key; the first who asks gets it from the origin.
fn once(key: &str) -> Result<String, Error> {
    let transaction = Transaction::lookup(CacheKey::copy_from_slice(key.as_bytes())).execute()?;
    if let Some(found) = transaction.found() {
        return Ok(found.to_stream()?.into_string());
    }
    let body = Request::get(format!("http://origin/{key}")).send("origin")?.into_body().into_string();
    let mut writer = transaction.insert(Duration::from_secs(60)).execute()?;
    writer.write_all(body.as_bytes())?;
    writer.finish()?;
    Ok(body)
}

/// The same, but the first three who are obliged to get it crash, so that those who wait inherit the obligation.
fn once_after_deaths(key: &str) -> Result<String, Error> {
    let transaction = Transaction::lookup(CacheKey::copy_from_slice(key.as_bytes())).execute()?;
    if let Some(found) = transaction.found() {
        return Ok(found.to_stream()?.into_string());
    }
    let attempt = count()?;
    if attempt.parse::<u64>()? <= 3 {
        std::process::abort();
    }
    let mut writer = transaction.insert(Duration::from_secs(60)).execute()?;
    writer.write_all(attempt.as_bytes())?;
    writer.finish()?;
    Ok(attempt)
}

/// Computes; the number only keeps the compiler from leaving it out.
fn spin(rounds: u64) -> u64 {
    let mut x = 1u64;
    for _ in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

#[fastly::main]
fn main(request: Request) -> Result<Response, Error> {
    let argument = request.get_query_str().unwrap_or_default().to_owned();
    Ok(Response::from_body(match request.get_path() {
        "/count" => count()?,
        "/once" => once(&argument)?,
        "/once-after-deaths" => once_after_deaths(&argument)?,
        "/spin" => spin(argument.parse()?).to_string(),
        "/early" => {
            // The answer goes out before the work is done.
            Response::from_body("early").send_to_client();
            std::hint::black_box(spin(argument.parse()?));
            std::process::exit(0);
        }
        _ => "hello".to_owned(),
    }))
}
