//! `/http-cache`, `/http-cache-together`: the HTTP cache through the SDK's own API, with hooks.

use std::io::Write;
use std::time::Duration;

use fastly::http::request::SendErrorCause;
use fastly::http::{CandidateResponse, HeaderName, HeaderValue, Method};
use fastly::{Request, Response};

use crate::support::{ok, Expect, Outcome};

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
        "louder" => response.set_body_transform(|body, out| {
            out.write_all(body.into_string().to_uppercase().as_bytes())?;
            Ok(())
        }),
        _ => {}
    }
    Ok(())
}

fn describe(mut response: Response) -> String {
    let masked = response.take_masked_error().map(|e| format!("{:?}", e.root_cause()));
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
    format!("{report}\nsurrogate-key: {}\nbody: {}", header("surrogate-key"), response.take_body_str_lossy())
}

/// One request through the cache. What cannot be sent is told, too.
pub fn http_cache(request: Request) -> Outcome {
    match build(&request).send("origin") {
        Ok(response) => ok(describe(response)),
        Err(error) => ok(format!("error: {:?}", error.root_cause())),
    }
}

/// `?n=` of the same at once; each one's answer in a line.
pub fn together(request: Request) -> Outcome {
    let n = seconds(&request, "n").unwrap_or(3);
    let mut pending = Vec::new();
    for _ in 0..n {
        pending.push(build(&request).send_async("origin").expect_that("sending")?);
    }
    let mut report = Vec::new();
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
