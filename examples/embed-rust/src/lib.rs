//! A harness for tests of a whole edge service, over libbacklot: what a test says is safe Rust.

mod ffi;

use std::ffi::{c_void, CStr, CString};
use std::ptr;

/// What went wrong, in words.
#[derive(Debug)]
pub struct Error(pub String);

/// Calls a function of the library that takes an error last; its result is good, or there is one.
fn call<T: PartialEq>(bad: T, f: impl FnOnce(*mut *mut ffi::Error) -> T) -> Result<T, Error> {
    let mut error = ptr::null_mut();
    let result = f(&mut error);
    if result != bad {
        return Ok(result);
    }
    // SAFETY: the library leaves an error where it fails; its text lives until it is freed.
    let text = unsafe { CStr::from_ptr(ffi::bl_error_text(error)).to_string_lossy().into_owned() };
    unsafe { ffi::bl_error_free(error) };
    Err(Error(text))
}

fn text(s: &str) -> CString {
    CString::new(s).expect("no NUL in it")
}

/// SAFETY: the bytes are good now, so that they can be copied.
unsafe fn copied(bytes: ffi::Bytes) -> Option<Vec<u8>> {
    (!bytes.data.is_null()).then(|| std::slice::from_raw_parts(bytes.data, bytes.len).to_vec())
}

/// A compiled service, and a world for it. Any thread may use it: calls take turns.
pub struct Base {
    service: *mut ffi::Service,
    world: *mut ffi::World,
}

// SAFETY: the library says that any thread may call anything.
unsafe impl Send for Base {}
unsafe impl Sync for Base {}

impl Base {
    pub fn open(path: &str, backends: &[(&str, &str)]) -> Result<Base, Error> {
        let path = text(path);
        let service = call(ptr::null_mut(), |e| unsafe { ffi::bl_service_open(path.as_ptr(), ptr::null(), e) })?;
        let world = call(ptr::null_mut(), |e| unsafe { ffi::bl_world_new(service, ptr::null(), e) })?;
        for (name, url) in backends {
            let (name, url) = (text(name), text(url));
            call(false, |e| unsafe { ffi::bl_backend_add(world, name.as_ptr(), url.as_ptr(), e) })?;
        }
        Ok(Base { service, world })
    }

    /// A world of its own for a test: it begins with all that this one has.
    pub fn fork(&self) -> World {
        let world = call(ptr::null_mut(), |e| unsafe { ffi::bl_world_fork(self.world, e) });
        World { world: world.expect("a world can be forked") }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        unsafe {
            ffi::bl_world_free(self.world);
            ffi::bl_service_free(self.service);
        }
    }
}

/// What an origin answers.
pub enum Answer {
    Json(String),
    Fault(&'static str),
}

type Handler = Box<dyn FnMut(&[u8]) -> Answer + Send>;

unsafe extern "C" fn respond(data: *mut c_void, request: *mut ffi::Call) {
    let handler = &mut *data.cast::<Handler>();
    let body = copied(ffi::bl_call_body(request)).unwrap_or_default();
    let answer = ffi::bl_answer_new(200);
    // A panic must not get into the library: the service then meets a broken origin.
    let given = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handler(&body)));
    match given.unwrap_or(Answer::Fault("internal_error")) {
        Answer::Json(body) => {
            let (name, value) = (text("content-type"), text("application/json"));
            ffi::bl_answer_header(answer, name.as_ptr(), value.as_ptr(), ptr::null_mut());
            ffi::bl_answer_body(answer, body.as_ptr(), body.len(), ptr::null_mut());
        }
        Answer::Fault(name) => {
            let name = text(name);
            ffi::bl_answer_fault(answer, name.as_ptr(), ptr::null(), ptr::null_mut());
        }
    }
    ffi::bl_call_answer(request, answer, ptr::null_mut());
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(Box::from_raw(data.cast::<Handler>()));
}

pub struct World {
    world: *mut ffi::World,
}

unsafe impl Send for World {}

impl World {
    /// From now on the function answers for that backend; it gets the bodies of requests.
    pub fn origin(&self, backend: &str, answer: impl FnMut(&[u8]) -> Answer + Send + 'static) {
        let backend = text(backend);
        let handler: Box<Handler> = Box::new(Box::new(answer));
        let data = Box::into_raw(handler).cast();
        call(false, |e| unsafe {
            ffi::bl_origin(self.world, backend.as_ptr(), ptr::null(), ptr::null(), respond, data, release, e)
        })
        .expect("a world takes an origin");
    }

    pub fn fetch(&self, method: &str, url: &str, body: Option<&str>) -> Response {
        let (method, url) = (text(method), text(url));
        let request = call(ptr::null_mut(), |e| unsafe { ffi::bl_request_new(method.as_ptr(), url.as_ptr(), e) })
            .expect("a request");
        if let Some(body) = body {
            unsafe { ffi::bl_request_body(request, body.as_ptr(), body.len(), ptr::null_mut()) };
        }
        let response = call(ptr::null_mut(), |e| unsafe { ffi::bl_fetch(self.world, request, e) });
        unsafe { ffi::bl_request_free(request) };
        Response { response: response.expect("a service that can be asked") }
    }

    /// How many objects were purged.
    pub fn purge(&self, key: &str) -> u64 {
        let (key, mut count) = (text(key), 0);
        call(false, |e| unsafe { ffi::bl_cache_purge(self.world, key.as_ptr(), false, &mut count, e) })
            .expect("a cache that can be purged");
        count
    }

    pub fn advance(&self, seconds: u64) {
        call(false, |e| unsafe { ffi::bl_clock_advance(self.world, seconds * 1_000_000_000, e) })
            .expect("time passes");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        unsafe { ffi::bl_world_free(self.world) }
    }
}

pub struct Response {
    response: *mut ffi::Response,
}

impl Response {
    pub fn status(&self) -> i32 {
        unsafe { ffi::bl_response_status(self.response) }
    }

    pub fn body(&self) -> String {
        let body = unsafe { copied(ffi::bl_response_body(self.response)) };
        String::from_utf8(body.unwrap_or_default()).expect("a body of text")
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let name = text(name);
        let value = unsafe { copied(ffi::bl_response_header(self.response, name.as_ptr())) };
        value.map(|v| String::from_utf8_lossy(&v).into_owned())
    }

    /// The messages that this one request brought to a log endpoint.
    pub fn logs(&self, endpoint: &str) -> Vec<String> {
        let (endpoint, mut found) = (text(endpoint), Vec::new());
        let mut message = ffi::Bytes { data: ptr::null(), len: 0 };
        while unsafe {
            ffi::bl_response_log(self.response, endpoint.as_ptr(), found.len(), &mut message, ptr::null_mut())
        } {
            let bytes = unsafe { copied(message) }.unwrap_or_default();
            found.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        found
    }

    /// Did all go well, to the end of the service, which may be behind its response?
    pub fn check(&self) -> Result<(), Error> {
        call(false, |e| unsafe { ffi::bl_response_check(self.response, e) }).map(|_| ())
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        unsafe { ffi::bl_response_free(self.response) }
    }
}
