//! `/config-store`, and `/dictionary`: the same data by the name that config stores once had.

use fastly::config_store::OpenError;
use fastly::{ConfigStore, Request};

use crate::support::{check, check_eq, ok, Expect, Outcome};

pub fn config_store(request: Request) -> Outcome {
    let missing = ConfigStore::try_open("no-such-store").err();
    check!(
        matches!(missing, Some(OpenError::ConfigStoreDoesNotExist)),
        "a store that is not there: {missing:?}"
    );
    let store = ConfigStore::try_open("config").expect_that("opening config")?;
    check_eq!(
        "greeting",
        store.try_get("greeting").expect_that("greeting")?,
        Some("hello".to_owned())
    );
    check_eq!(
        "empty",
        store.try_get("empty").expect_that("empty")?,
        Some(String::new())
    );
    check_eq!("missing", store.try_get("missing").expect_that("missing")?, None);
    check!(
        store.contains("greeting") && !store.contains("missing"),
        "contains"
    );
    // Too long to be a key: an error or nothing, never a value.
    let long = store.try_get(&"k".repeat(257));
    check!(!matches!(long, Ok(Some(_))), "a key of 257 bytes: {long:?}");

    let key = request.get_query_parameter("key").unwrap_or("greeting");
    ok(format!("{key}: {:?}", store.get(key)))
}

#[allow(deprecated)]
pub fn dictionary(_request: Request) -> Outcome {
    use fastly::Dictionary;

    check!(
        Dictionary::try_open("no-such-store").is_err(),
        "a dictionary that is not there can be opened"
    );
    let dictionary = Dictionary::try_open("config").expect_that("opening config")?;
    check_eq!(
        "greeting",
        dictionary.try_get("greeting").expect_that("greeting")?,
        Some("hello".to_owned())
    );
    check_eq!(
        "missing",
        dictionary.try_get("missing").expect_that("missing")?,
        None
    );
    ok("greeting: hello")
}
