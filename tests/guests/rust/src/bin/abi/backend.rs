//! `/backend`: what can be asked about a backend. `/dynamic-backend`: backends made at run time.

use std::num::NonZeroU32;
use std::time::Duration;

use fastly::backend::Backend;
use fastly::experimental::{BackendCreationError, BackendExt};
use fastly::Request;
use fastly_sys::fastly_backend as sys;

use crate::send::describe;
use crate::support::{check, check_eq, ok, Expect, Outcome};

type Getter = unsafe extern "C" fn(*const u8, usize, *mut u32) -> fastly_shared::FastlyStatus;

/// `?name=` asks about another backend than `origin`. Getters that a host may decline are called
/// directly: the SDK panics when they are.
pub fn backend(request: Request) -> Outcome {
    let name = request.get_query_parameter("name").unwrap_or("origin").to_owned();
    let nowhere = Backend::from_name("nowhere").expect_that("a valid name")?;
    check!(!nowhere.exists(), "nowhere exists");
    let backend = Backend::from_name(&name).expect_that("a valid name")?;
    check!(backend.exists(), "{name} does not exist");
    check!(!backend.is_dynamic(), "{name} is dynamic");
    let health = backend.is_healthy().expect_that("health")?;
    let host = backend.get_host();
    let override_host = backend.get_host_override();

    let mut report = vec![
        format!("health: {health:?}"),
        format!("host: {host}"),
        format!("override host: {override_host:?}"),
        format!("port: {}", backend.get_port()),
        format!("ssl: {}", backend.is_ssl()),
    ];
    report.extend(settings(&name)?);
    ok(report.join("\n"))
}

/// What is set, a line each.
fn settings(name: &str) -> Result<Vec<String>, String> {
    let getters: [(&str, Getter); 10] = [
        ("connect timeout", sys::get_connect_timeout_ms),
        ("first byte timeout", sys::get_first_byte_timeout_ms),
        ("between bytes timeout", sys::get_between_bytes_timeout_ms),
        ("http keepalive time", sys::get_http_keepalive_time),
        ("tcp keepalive enable", sys::get_tcp_keepalive_enable),
        ("tcp keepalive interval", sys::get_tcp_keepalive_interval),
        ("tcp keepalive probes", sys::get_tcp_keepalive_probes),
        ("tcp keepalive time", sys::get_tcp_keepalive_time),
        ("ssl min version", sys::get_ssl_min_version),
        ("ssl max version", sys::get_ssl_max_version),
    ];
    let mut report = Vec::new();
    for (what, getter) in getters {
        let mut value = 0;
        let status = unsafe { getter(name.as_ptr(), name.len(), &mut value) };
        report.push(match status.is_ok() {
            true => format!("{what}: {value}"),
            false => format!("{what}: {status:?}"),
        });
        let status = unsafe { getter("nowhere".as_ptr(), 7, &mut value) };
        check!(status.is_err(), "{what} of a backend that is not there");
    }
    Ok(report)
}

/// Makes a backend that points where `origin` points, and sends through it.
pub fn dynamic_backend(_request: Request) -> Outcome {
    let origin = Backend::from_name("origin").expect_that("a valid name")?;
    let target = format!("{}:{}", origin.get_host(), origin.get_port());
    let made = Backend::builder("made", &target)
        .override_host("made.example")
        .connect_timeout(Duration::from_secs(1))
        .first_byte_timeout(Duration::from_secs(2))
        .between_bytes_timeout(Duration::from_secs(3))
        .disable_ssl()
        .enable_pooling(true)
        .http_keepalive_time(Duration::from_secs(4))
        .tcp_keepalive_enable(true)
        .tcp_keepalive_interval_secs(NonZeroU32::new(5).unwrap())
        .tcp_keepalive_probes(NonZeroU32::new(6).unwrap())
        .tcp_keepalive_time_secs(NonZeroU32::new(7).unwrap())
        .finish()
        .expect_that("making a backend")?;
    check!(made.exists(), "the made backend does not exist");
    check!(made.is_dynamic(), "the made backend is not dynamic");
    check_eq!("its host", made.get_host(), origin.get_host());
    check_eq!("its port", made.get_port(), origin.get_port());
    check!(!made.is_ssl(), "the made backend has TLS");
    let override_host = made.get_host_override().expect_that("its override host")?;
    check_eq!("its override host", override_host, "made.example");

    let expected = [
        "connect timeout: 1000",
        "first byte timeout: 2000",
        "between bytes timeout: 3000",
        "http keepalive time: 4000",
        "tcp keepalive enable: 1",
        "tcp keepalive interval: 5",
        "tcp keepalive probes: 6",
        "tcp keepalive time: 7",
        "ssl min version: FastlyStatus::NONE",
        "ssl max version: FastlyStatus::NONE",
    ];
    check_eq!("its settings", settings("made")?, expected);

    let again = Backend::builder("made", &target).disable_ssl().finish();
    check!(
        matches!(again, Err(BackendCreationError::NameInUse)),
        "made twice: {again:?}"
    );
    let taken = Backend::builder("origin", &target).disable_ssl().finish();
    check!(
        matches!(taken, Err(BackendCreationError::NameInUse)),
        "over a static backend: {taken:?}"
    );

    let response = Request::get("http://shop.example/dynamic")
        .with_pass(true)
        .send(made)
        .expect_that("sending to the made backend")?;
    ok(describe(response))
}
