//! What of backlot.h these tests use.

use std::os::raw::{c_char, c_int, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub data: *const u8,
    pub len: usize,
}

macro_rules! opaque {
    ($($name:ident)*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* };
}
opaque!(Error Service World Request Response Answer Call);

pub type OriginFn = unsafe extern "C" fn(*mut c_void, *mut Call);
pub type ReleaseFn = unsafe extern "C" fn(*mut c_void);
type Text = *const c_char;
type Failed = *mut *mut Error;

extern "C" {
    pub fn bl_error_text(error: *const Error) -> Text;
    pub fn bl_error_free(error: *mut Error);
    pub fn bl_service_open(path: Text, options: *const c_void, error: Failed) -> *mut Service;
    pub fn bl_service_free(service: *mut Service);
    pub fn bl_world_new(service: *mut Service, manifest: Text, error: Failed) -> *mut World;
    pub fn bl_world_fork(parent: *mut World, error: Failed) -> *mut World;
    pub fn bl_world_free(world: *mut World);
    pub fn bl_backend_add(world: *mut World, name: Text, url: Text, error: Failed) -> bool;
    pub fn bl_clock_advance(world: *mut World, ns: u64, error: Failed) -> bool;
    pub fn bl_origin(
        world: *mut World, backend: Text, method: Text, path: Text, answer: OriginFn, data: *mut c_void,
        release: ReleaseFn, error: Failed,
    ) -> bool;
    pub fn bl_answer_new(status: c_int) -> *mut Answer;
    pub fn bl_answer_header(answer: *mut Answer, name: Text, value: Text, error: Failed) -> bool;
    pub fn bl_answer_body(answer: *mut Answer, bytes: *const u8, len: usize, error: Failed) -> bool;
    pub fn bl_answer_fault(answer: *mut Answer, name: Text, words: Text, error: Failed) -> bool;
    pub fn bl_call_body(call: *const Call) -> Bytes;
    pub fn bl_call_answer(call: *mut Call, taken: *mut Answer, error: Failed) -> bool;
    pub fn bl_request_new(method: Text, url: Text, error: Failed) -> *mut Request;
    pub fn bl_request_body(request: *mut Request, bytes: *const u8, len: usize, error: Failed) -> bool;
    pub fn bl_request_free(request: *mut Request);
    pub fn bl_fetch(world: *mut World, request: *const Request, error: Failed) -> *mut Response;
    pub fn bl_response_free(response: *mut Response);
    pub fn bl_response_status(response: *const Response) -> c_int;
    pub fn bl_response_header(response: *const Response, name: Text) -> Bytes;
    pub fn bl_response_body(response: *const Response) -> Bytes;
    pub fn bl_response_check(response: *const Response, error: Failed) -> bool;
    pub fn bl_response_log(
        response: *const Response, endpoint: Text, index: usize, message: *mut Bytes, of: *mut Bytes,
    ) -> bool;
    pub fn bl_cache_purge(world: *mut World, key: Text, soft: bool, count: *mut u64, error: Failed) -> bool;
}
