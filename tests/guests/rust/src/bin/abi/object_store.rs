//! `/object-store`: the older key-value calls, which the SDK no longer uses but old guests import.

#![allow(deprecated)]

use std::io::Write;

use fastly::handle::BodyHandle;
use fastly::Request;
use fastly_shared::FastlyStatus;
use fastly_sys::fastly_kv_store as sys;

use crate::support::{check, check_eq, done, ok, Expect, Outcome};

// fastly-sys declares pending_insert_wait with a second parameter that this import does not have.
#[link(wasm_import_module = "fastly_object_store")]
extern "C" {
    #[link_name = "pending_insert_wait"]
    fn pending_insert_wait(pending: u32) -> FastlyStatus;
}

const NO_BODY: u32 = u32::MAX;

fn body(text: &str) -> Result<u32, String> {
    let mut body = BodyHandle::new();
    body.write_all(text.as_bytes()).expect_that("write")?;
    Ok(body.into_u32())
}

fn take(handle: u32) -> String {
    unsafe { BodyHandle::from_u32(handle) }.into_string()
}

pub fn object_store(_request: Request) -> Outcome {
    let (name, key) = ("things", "abi-object");
    let mut store = 0;
    let status = unsafe { sys::open("no-such-store".as_ptr(), 13, &mut store) };
    check!(
        status.is_err() || store == u32::MAX,
        "a store that is not there can be opened"
    );
    done("open", unsafe {
        sys::open(name.as_ptr(), name.len(), &mut store)
    })?;

    done("insert", unsafe {
        sys::insert(store, key.as_ptr(), key.len(), body("one")?)
    })?;
    let mut found = NO_BODY;
    done("lookup", unsafe {
        sys::lookup(store, key.as_ptr(), key.len(), &mut found)
    })?;
    check_eq!("the value", take(found), "one");

    let mut pending = 0;
    let status = unsafe { sys::insert_async(store, key.as_ptr(), key.len(), body("two")?, &mut pending) };
    done("insert_async", status)?;
    done("pending_insert_wait", unsafe { pending_insert_wait(pending) })?;
    done("lookup_async", unsafe {
        sys::lookup_async(store, key.as_ptr(), key.len(), &mut pending)
    })?;
    found = NO_BODY;
    done("pending_lookup_wait", unsafe {
        sys::pending_lookup_wait(pending, &mut found)
    })?;
    check_eq!("the value", take(found), "two");

    done("delete_async", unsafe {
        sys::delete_async(store, key.as_ptr(), key.len(), &mut pending)
    })?;
    done("pending_delete_wait", unsafe {
        sys::pending_delete_wait(pending)
    })?;
    found = NO_BODY;
    let status = unsafe { sys::lookup(store, key.as_ptr(), key.len(), &mut found) };
    check!(
        status.is_err() || found == NO_BODY,
        "a deleted key is found: {status:?}"
    );
    ok(format!("missing: {status:?}"))
}
