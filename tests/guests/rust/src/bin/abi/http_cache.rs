//! `/http-cache`, `/http-cache-together`: the HTTP cache through the SDK's own API, with hooks. `/http-cache-lookup`: its
//! host calls that no SDK makes, though both the Rust and the Go SDK declare them.

use std::io::Write;
use std::time::Duration;

use fastly::handle::{BodyHandle, RequestHandle};
use fastly::http::request::SendErrorCause;
use fastly::http::{CandidateResponse, HeaderName, HeaderValue, Method, Url};
use fastly::{Request, Response};
use fastly_shared::FastlyStatus;
use fastly_sys::fastly_cache::CacheLookupState;
use fastly_sys::fastly_http_cache as calls;

use crate::support::{check, check_eq, done, ok, Expect, Outcome};

#[link(wasm_import_module = "fastly_http_cache")]
extern "C" {
    fn get_suggested_cache_key(request: u32, key: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
}

/// What the client sends on to the cache's request.
const PASSED_ON: [&str; 6] = [
    "range",
    "if-range",
    "if-none-match",
    "if-modified-since",
    "fastly-debug",
    "x-variant",
];

fn seconds(request: &Request, name: &str) -> Option<u32> {
    request.get_query_parameter(name)?.parse().ok()
}

/// `?path=`, `?host=`, and how to send: `ttl`, `swr`, `sie`, `key`, `pci`, `pass`, `cache-key`, `timeout` (ms);
/// `to=` another path for the backend's request, set by the hook before it is sent; `after=` what to do with its
/// response.
fn build(request: &Request) -> Request {
    let parameter = |name| request.get_query_parameter(name).map(str::to_owned);
    let path = parameter("path").unwrap_or("/x".to_owned());
    let host = parameter("host").unwrap_or("origin.example".to_owned());
    let mut out = Request::new(request.get_method().clone(), format!("http://{host}{path}"));
    for name in PASSED_ON {
        if let Some(value) = request.get_header(name) {
            out.set_header(name, value);
        }
    }
    if let Some(ttl) = seconds(request, "ttl") {
        out.set_ttl(ttl);
    }
    if let Some(swr) = seconds(request, "swr") {
        out.set_stale_while_revalidate(swr);
    }
    if let Some(sie) = seconds(request, "sie") {
        out.set_stale_if_error(sie);
    }
    if let Some(key) = parameter("key") {
        out.set_surrogate_key(HeaderValue::from_str(&key).expect("a key"));
    }
    if let Some(key) = parameter("cache-key") {
        out.set_cache_key(format!("{key:0>32}"));
    }
    if let Some(ms) = seconds(request, "timeout") {
        out.set_lookup_timeout(Duration::from_millis(ms.into()));
    }
    out.set_pci(parameter("pci").is_some());
    if parameter("pass").is_some() {
        out.set_pass(true);
    }
    if let Some(path) = parameter("to") {
        out.set_before_send(move |request| {
            request.set_header("x-before", "yes");
            request.set_path(&path);
            Ok(())
        });
    }
    if let Some(what) = parameter("after") {
        out.set_after_send(move |response| after_send(&what, response));
    }
    out
}

fn after_send(what: &str, response: &mut CandidateResponse) -> Result<(), SendErrorCause> {
    match what {
        "refuse-5xx" if response.get_status().is_server_error() => {
            return Err(SendErrorCause::Custom(fastly::Error::msg("a 5xx")));
        }
        "not" => response.set_uncacheable(false),
        "never" => response.set_uncacheable(true),
        "always" => response.set_cacheable(),
        "all" => {
            response.set_ttl(Duration::from_secs(50));
            response.set_stale_while_revalidate(Duration::from_secs(5));
            response.set_stale_if_error(Duration::from_secs(500));
            response.set_vary([&HeaderName::from_static("x-variant")]);
            response.set_surrogate_keys(["red", "blue"]);
            response.set_sensitive_data(true);
            response.set_header("x-after", "yes");
        }
        "tell" => {
            let told = tell(response);
            response.set_header("x-after", &told);
        }
        "short" => {
            response.set_header("cache-control", "max-age=7, stale-while-revalidate=8");
            let told = tell(response);
            response.set_header("x-after", &told);
        }
        "more" => {
            response.append_vary([&HeaderName::from_static("x-variant"), &HeaderName::from_static("x-more")]);
            response.set_status(404);
            response.remove_header("surrogate-key");
            let told = tell(response);
            response.set_header("x-after", &told);
        }
        "fail" => response.set_body_transform(|_, _| Err(SendErrorCause::Custom(fastly::Error::msg("no body")))),
        "louder" => response.set_body_transform(|body, out| {
            out.write_all(body.into_string().to_uppercase().as_bytes())?;
            Ok(())
        }),
        _ => {}
    }
    Ok(())
}

/// What a hook after sending sees of the response and of what is stored.
fn tell(response: &CandidateResponse) -> String {
    let list = |words: Vec<&str>| {
        let mut words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.sort_unstable();
        words.dedup();
        words.join(" ")
    };
    format!(
        "{} ttl={} age={} swr={} sie={} vary={} keys={} stale={} if-error={} cacheable={} pci={}",
        response.get_status().as_u16(),
        response.get_ttl().as_secs(),
        response.get_age().as_secs(),
        response.get_stale_while_revalidate().as_secs(),
        response.get_stale_if_error().as_secs(),
        list(response.get_vary().collect()),
        list(response.get_surrogate_keys().collect()),
        response.is_stale(),
        response.stale_if_error_available(),
        response.is_cacheable(),
        response.is_sensitive_data(),
    )
}

fn describe(mut response: Response) -> String {
    let masked = response
        .take_masked_error()
        .map(|e| format!("{:?}", e.root_cause()));
    let seconds = |d: Option<Duration>| d.map_or("none".to_owned(), |d| format!("{:.0}", d.as_secs_f64()));
    let header = |name: &str| response.get_header_str(name).unwrap_or("none").to_owned();
    let report = format!(
        "status: {}\nx-cache: {} {}\nage: {}\nlife: {} {} {} {}\nx-after: {}\nlength: {}\nmasked: {}",
        response.get_status().as_u16(),
        header("x-cache"),
        header("x-cache-hits"),
        header("age"),
        seconds(response.get_ttl()),
        seconds(response.get_age()),
        seconds(response.get_stale_while_revalidate()),
        seconds(response.get_stale_if_error()),
        header("x-after"),
        header("content-length"),
        masked.unwrap_or("none".to_owned()),
    );
    format!(
        "{report}\nsurrogate-key: {}\nbody: {}",
        header("surrogate-key"),
        response.take_body_str_lossy()
    )
}

/// One request through the cache. What cannot be sent is told, too.
pub fn http_cache(request: Request) -> Outcome {
    match build(&request).send("origin") {
        Ok(response) => ok(describe(response)),
        Err(error) => ok(format!("error: {:?}", error.root_cause())),
    }
}

/// `?n=` of the same at once; each one's answer in a line. `?last-first`: in the other order.
pub fn together(request: Request) -> Outcome {
    let n = seconds(&request, "n").unwrap_or(3);
    let mut pending = Vec::new();
    for _ in 0..n {
        pending.push(build(&request).send_async("origin").expect_that("sending")?);
    }
    let mut report = Vec::new();
    if request.get_query_parameter("last-first").is_some() {
        pending.reverse();
    }
    for one in pending {
        report.push(match one.wait() {
            Ok(mut r) => format!(
                "{} {} {}",
                r.get_status().as_u16(),
                r.get_header_str("x-cache").unwrap_or("none").to_owned(),
                r.take_body_str_lossy()
            ),
            Err(error) => format!("error: {:?}", error.root_cause()),
        });
    }
    ok(report.join("\n"))
}

/// `?key=` hard, with `?soft` softly.
pub fn purge(request: Request) -> Outcome {
    let key = request.get_query_parameter("key").unwrap_or("red").to_owned();
    let purged = if request.get_query_parameter("soft").is_some() {
        fastly::http::purge::soft_purge_surrogate_key(&key)
    } else {
        fastly::http::purge::purge_surrogate_key(&key)
    };
    purged.expect_that("purging")?;
    ok("")
}

/// Is a request with that method cacheable, by the SDK's word?
pub fn cacheable(request: Request) -> Outcome {
    let methods = [Method::GET, Method::HEAD, Method::POST];
    let words = methods.map(|method| {
        let r = Request::new(method.clone(), request.get_url().clone());
        format!("{method}: {}", r.is_cacheable())
    });
    ok(words.join("\n"))
}

fn get(path: &str) -> RequestHandle {
    let mut request = RequestHandle::new();
    request.set_method(&Method::GET);
    request.set_url(&Url::parse(&format!("http://origin.example{path}")).expect("a valid URL"));
    request
}

fn suggested_key(path: &str) -> Result<[u8; 32], String> {
    let (mut key, mut written, request) = ([0; 32], 0, get(path).into_u32());
    let status = unsafe { get_suggested_cache_key(request, key.as_mut_ptr(), 31, &mut written) };
    check_eq!("a key in 31 bytes", status, FastlyStatus::BUFLEN);
    done("get_suggested_cache_key", unsafe {
        get_suggested_cache_key(request, key.as_mut_ptr(), key.len(), &mut written)
    })?;
    check_eq!("a key's length", written, key.len());
    Ok(key)
}

/// Looks up without joining those who wait for a response, and without a duty to fetch one: its state, and what is there.
fn look_up(path: &str, key: Option<[u8; 32]>) -> Result<(CacheLookupState, String), String> {
    let (mut handle, mut state) = (calls::INVALID_HTTP_CACHE_HANDLE, CacheLookupState::empty());
    let mask = key.map_or(calls::HttpCacheLookupOptionsMask::empty(), |_| {
        calls::HttpCacheLookupOptionsMask::OVERRIDE_KEY
    });
    let options = calls::HttpCacheLookupOptions {
        override_key_ptr: key.as_ref().map_or(std::ptr::null(), |key| key.as_ptr()),
        override_key_len: key.map_or(0, |key| key.len()),
        backend_name_ptr: std::ptr::null(),
        backend_name_len: 0,
    };
    #[allow(deprecated)]
    done("lookup", unsafe {
        calls::lookup(get(path).into_u32(), mask, &options, &mut handle)
    })?;
    done("get_state", unsafe { calls::get_state(handle, &mut state) })?;
    let (mut response, mut body) = (0, 0);
    let status = unsafe { calls::get_found_response(handle, 1, &mut response, &mut body) };
    let found = state.contains(CacheLookupState::FOUND);
    let expected = if found {
        FastlyStatus::OK
    } else {
        FastlyStatus::NONE
    };
    check_eq!("get_found_response", status, expected);
    let text = if found {
        unsafe { BodyHandle::from_u32(body) }.into_string()
    } else {
        String::new()
    };
    done("close", unsafe { calls::close(handle) })?;
    Ok((state, text))
}

pub fn lookup(_request: Request) -> Outcome {
    let (key, other) = (suggested_key("/x")?, suggested_key("/y")?);
    check!(key != other, "two URLs have one key");
    check_eq!("the key when asked again", suggested_key("/x")?, key);
    let before = look_up("/x", None)?;
    Request::get("http://origin.example/x")
        .send("origin")
        .expect_that("sending")?;
    let after = look_up("/x", None)?;
    let by_key = look_up("/y", Some(key))?;
    let elsewhere = look_up("/y", None)?;
    ok(format!("{before:?}\n{after:?}\n{by_key:?}\n{elsewhere:?}"))
}
