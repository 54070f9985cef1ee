//! `/kv-store`: everything the newer key-value calls can do, in a part of the store that it empties
//! first. `/kv-store-ttl`: an entry that expires.

use std::time::Duration;

use fastly::kv_store::{InsertMode, KVStore, KVStoreError};
use fastly::Request;

use crate::support::{check, check_eq, ok, Expect, Outcome};

fn open() -> Result<KVStore, String> {
    KVStore::open("things")
        .expect_that("opening things")?
        .expect_that("the store things")
}

fn text(store: &KVStore, key: &str) -> Result<String, String> {
    let mut found = store.lookup(key).expect_that(key)?;
    String::from_utf8(found.take_body_bytes()).expect_that(key)
}

pub fn kv_store(_request: Request) -> Outcome {
    let missing = KVStore::open("no-such-store").map(|store| store.is_some());
    check!(
        matches!(missing, Ok(false) | Err(KVStoreError::StoreNotFound(_))),
        "a store that is not there: {missing:?}"
    );
    let store = open()?;
    check_eq!("existing", text(&store, "existing")?, "old value");

    let old: Vec<String> = store
        .build_list()
        .prefix("abi/")
        .iter()
        .flat_map(|page| page.map(|p| p.into_keys()).unwrap_or_default())
        .collect();
    for key in old {
        store.delete(&key).expect_that("emptying abi/")?;
    }
    let absent = store.lookup("abi/absent").err();
    check!(
        matches!(absent, Some(KVStoreError::ItemNotFound)),
        "a key that is not there: {absent:?}"
    );

    insert_modes(&store)?;
    metadata_and_generation(&store)?;
    let keys = list(&store)?;

    let pending = store
        .build_lookup()
        .execute_async("abi/list/0")
        .expect_that("lookup_async")?;
    let mut found = store
        .pending_lookup_wait(pending)
        .expect_that("pending_lookup_wait")?;
    check_eq!("a value looked up meanwhile", found.take_body_bytes(), b"0");
    let pending = store
        .build_insert()
        .execute_async("abi/async", "later")
        .expect_that("insert_async")?;
    store
        .pending_insert_wait(pending)
        .expect_that("pending_insert_wait")?;
    check_eq!("a value inserted meanwhile", text(&store, "abi/async")?, "later");
    let pending = store
        .build_delete()
        .execute_async("abi/async")
        .expect_that("delete_async")?;
    store
        .pending_delete_wait(pending)
        .expect_that("pending_delete_wait")?;
    let gone = store.lookup("abi/async").err();
    check!(
        matches!(gone, Some(KVStoreError::ItemNotFound)),
        "a deleted key: {gone:?}"
    );

    for key in ["", ".", "..", "has#hash", &"k".repeat(1025)] {
        let bad = store.insert(key, "x").err();
        check!(bad.is_some(), "{key:?} is accepted as a key");
    }
    ok(format!("keys: {}", keys.join(" ")))
}

fn insert_modes(store: &KVStore) -> Result<(), String> {
    let key = "abi/modes";
    let with = |mode| store.build_insert().mode(mode);
    with(InsertMode::Add)
        .execute(key, "b")
        .expect_that("add to nothing")?;
    let twice = with(InsertMode::Add).execute(key, "z").err();
    check!(
        matches!(twice, Some(KVStoreError::ItemPreconditionFailed)),
        "add to something: {twice:?}"
    );
    with(InsertMode::Append).execute(key, "c").expect_that("append")?;
    with(InsertMode::Prepend)
        .execute(key, "a")
        .expect_that("prepend")?;
    check_eq!("added, appended, prepended", text(store, key)?, "abc");
    with(InsertMode::Overwrite)
        .execute(key, "new")
        .expect_that("overwrite")?;
    check_eq!("overwritten", text(store, key)?, "new");
    store
        .build_insert()
        .background_fetch()
        .execute(key, "newer")
        .expect_that("background fetch")?;
    check_eq!("overwritten in the background", text(store, key)?, "newer");
    Ok(())
}

fn metadata_and_generation(store: &KVStore) -> Result<(), String> {
    let key = "abi/meta";
    store
        .build_insert()
        .metadata("a note")
        .execute(key, "v1")
        .expect_that("insert with metadata")?;
    let first = store.lookup(key).expect_that(key)?;
    check_eq!("metadata", first.metadata().as_deref(), Some(&b"a note"[..]));
    let generation = first.current_generation();

    let wrong = store
        .build_insert()
        .if_generation_match(generation ^ 1)
        .execute(key, "v2")
        .err();
    check!(
        matches!(wrong, Some(KVStoreError::ItemPreconditionFailed)),
        "another generation: {wrong:?}"
    );
    store
        .build_insert()
        .if_generation_match(generation)
        .execute(key, "v2")
        .expect_that("the same generation")?;
    check_eq!("after the same generation", text(store, key)?, "v2");
    let next = store.lookup(key).expect_that(key)?.current_generation();
    check!(next != generation, "the generation is still {generation}");
    Ok(())
}

fn list(store: &KVStore) -> Result<Vec<String>, String> {
    for i in 0..5 {
        store
            .insert(&format!("abi/list/{i}"), i.to_string())
            .expect_that("insert")?;
    }
    let first = store
        .build_list()
        .prefix("abi/list/")
        .limit(2)
        .execute()
        .expect_that("list")?;
    check_eq!("the first page", first.keys(), ["abi/list/0", "abi/list/1"]);
    check_eq!("its prefix", first.prefix(), Some("abi/list/"));
    check_eq!("its limit", first.limit(), 2);
    let cursor = first.next_cursor().expect_that("a cursor after the first page")?;
    let second = store
        .build_list()
        .prefix("abi/list/")
        .limit(10)
        .cursor(&cursor)
        .eventual_consistency()
        .execute()
        .expect_that("list")?;
    check_eq!(
        "the second page",
        second.keys(),
        ["abi/list/2", "abi/list/3", "abi/list/4"]
    );
    check_eq!("a cursor after the last page", second.next_cursor(), None);
    let none = store
        .build_list()
        .prefix("abi/none/")
        .execute()
        .expect_that("list")?;
    check!(none.keys().is_empty(), "keys under abi/none/: {:?}", none.keys());
    Ok(second.into_keys())
}

/// Sleeps past the entry's time, which costs nothing where time is virtual.
pub fn time_to_live(_request: Request) -> Outcome {
    let store = open()?;
    store
        .build_insert()
        .time_to_live(Duration::from_secs(2))
        .execute("abi-ttl", "soon gone")
        .expect_that("insert with a time to live")?;
    std::thread::sleep(Duration::from_secs(1));
    check_eq!("after one second", text(&store, "abi-ttl")?, "soon gone");
    std::thread::sleep(Duration::from_millis(1500));
    let gone = store.lookup("abi-ttl").err();
    check!(
        matches!(gone, Some(KVStoreError::ItemNotFound)),
        "after two and a half seconds: {gone:?}"
    );
    ok("expired")
}
