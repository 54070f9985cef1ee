//! `/state`: what the edge keeps, one call a request.
//!
//! * `PUT /state/cache/KEY?SURROGATE-KEYS` keeps the body for an hour, `GET` gives it back or 404
//! * `PUT` and `GET /state/kv/KEY` do the same with the KV store `things`
//! * `POST /state/purge/SURROGATE-KEY`, with `?soft` softly

use std::io::Write;
use std::time::Duration;

use fastly::cache::core::{insert, lookup, CacheKey};
use fastly::http::purge::{purge_surrogate_key, soft_purge_surrogate_key};
use fastly::http::{Method, StatusCode};
use fastly::kv_store::KVStore;
use fastly::{Error, Request, Response};

use crate::support::{respond, Outcome};

const HOUR: Duration = Duration::from_secs(3600);

fn not_found() -> Response {
    Response::from_status(StatusCode::NOT_FOUND)
}

fn cache(request: Request, key: &str) -> Result<Response, Error> {
    let key = CacheKey::copy_from_slice(key.as_bytes());
    if request.get_method() == Method::PUT {
        let surrogates = request.get_query_str().unwrap_or("").replace('+', " ");
        let mut body = insert(key, HOUR).surrogate_keys(surrogates.split(' ').filter(|s| !s.is_empty())).execute()?;
        body.write_all(&request.into_body_bytes())?;
        body.finish()?;
        return Ok(Response::new());
    }
    match lookup(key).execute()? {
        Some(found) => Ok(Response::from_body(found.to_stream()?)),
        None => Ok(not_found()),
    }
}

fn kv(request: Request, key: &str) -> Result<Response, Error> {
    let store = KVStore::open("things")?.expect("the store is there");
    if request.get_method() == Method::PUT {
        store.insert(key, request.into_body())?;
        return Ok(Response::new());
    }
    match store.lookup(key) {
        Ok(mut found) => Ok(Response::from_body(found.take_body())),
        Err(_) => Ok(not_found()),
    }
}

fn purge(request: &Request, key: &str) -> Result<Response, Error> {
    if request.get_query_str() == Some("soft") {
        soft_purge_surrogate_key(key)?;
    } else {
        purge_surrogate_key(key)?;
    }
    Ok(Response::new())
}

pub fn state(request: Request) -> Outcome {
    let path = request.get_path().to_owned();
    let mut parts = path.splitn(4, '/').skip(2);
    let answer = match (parts.next(), parts.next()) {
        (Some("cache"), Some(key)) => cache(request, key),
        (Some("kv"), Some(key)) => kv(request, key),
        (Some("purge"), Some(key)) => purge(&request, key),
        _ => Ok(not_found()),
    };
    respond(answer.map_err(|e| e.to_string())?)
}
