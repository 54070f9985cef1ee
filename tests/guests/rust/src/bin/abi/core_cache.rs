//! `/cache-replace`: an object of the core cache gives way to another, by the SDK's own API.

use std::io::Write;
use std::time::Duration;

use fastly::cache::core::{insert, lookup, replace, CacheKey, CacheError};
use fastly::http::body::StreamingBody;
use fastly::Request;

use crate::support::{check, check_eq, ok, Outcome};

const MINUTE: Duration = Duration::from_secs(60);

fn key() -> CacheKey {
    CacheKey::from_static(b"replaced")
}

fn fill(body: Result<StreamingBody, CacheError>, text: &str) -> Result<(), String> {
    let mut body = body.map_err(|why| format!("{why:?}"))?;
    body.write_all(text.as_bytes()).and_then(|()| body.finish()).map_err(|why| why.to_string())
}

pub fn replaced(_: Request) -> Outcome {
    let nothing = replace(key()).begin().map_err(|why| format!("{why:?}"))?;
    check!(nothing.existing_object().is_none(), "something is there before");
    fill(nothing.user_metadata("first".into()).initial_age(MINUTE / 2).execute(MINUTE), "old")?;
    let next = replace(key()).begin().map_err(|why| format!("{why:?}"))?;
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
    let found = lookup(key()).execute().map_err(|why| format!("{why:?}"))?.ok_or("nothing took its place")?;
    check_eq!("the new metadata", found.user_metadata(), "second");
    check_eq!("the new max-age", found.max_age(), 2 * MINUTE);
    check_eq!("the new stale time", found.stale_while_revalidate(), MINUTE);
    let new = found.to_stream().map_err(|why| format!("{why:?}"))?.into_string();
    check_eq!("what is there now", new, "newer");
    fill(insert(key(), MINUTE).execute(), "over")?;
    ok("replaced")
}
