//! `/resp`: a response through its handle.

use fastly::handle::ResponseHandle;
use fastly::http::{FramingHeadersMode, HeaderName, HeaderValue, HttpKeepaliveMode, StatusCode, Version};
use fastly::Request;
use fastly_sys::fastly_http_resp;

use crate::support::{check, check_eq, ok, Expect, Outcome};

const ONE: HeaderName = HeaderName::from_static("x-one");
const SET: HeaderName = HeaderName::from_static("x-set");

pub fn response(_request: Request) -> Outcome {
    let mut response = ResponseHandle::new();
    check_eq!(
        "the status of a new response",
        response.get_status(),
        StatusCode::OK
    );
    response.set_status(StatusCode::IM_A_TEAPOT);
    check_eq!("the status", response.get_status().as_u16(), 418);
    let status = unsafe { fastly_http_resp::status_set(response.as_u32(), 99) };
    check!(status.is_err(), "99 is accepted as a status");
    check_eq!("the status after a bad one", response.get_status().as_u16(), 418);

    response.insert_header(&ONE, &HeaderValue::from_static("1"));
    response.append_header(&ONE, &HeaderValue::from_static("2"));
    let both: Vec<_> = response
        .get_header_values(&ONE, 64)
        .collect::<Result<_, _>>()
        .expect_that("x-one")?;
    check_eq!("x-one", both, ["1", "2"]);
    let values = [HeaderValue::from_static("a"), HeaderValue::from_static("b")];
    response.set_header_values(&SET, values.iter());
    let first = response.get_header_value(&SET, 64).expect_that("x-set")?;
    check_eq!("the first x-set", first, Some(HeaderValue::from_static("a")));
    let names: Vec<_> = response
        .get_header_names(8)
        .collect::<Result<_, _>>()
        .expect_that("the names")?;
    check_eq!("the names", names, [ONE, SET]);
    check!(response.remove_header(&ONE), "x-one could not be removed");
    check!(!response.remove_header(&ONE), "x-one could be removed twice");

    check_eq!(
        "the version of a new response",
        response.get_version(),
        Version::HTTP_11
    );
    response.set_version(Version::HTTP_2);
    check_eq!("the version", response.get_version(), Version::HTTP_2);

    response.set_framing_headers_mode(FramingHeadersMode::ManuallyFromHeaders);
    response.set_framing_headers_mode(FramingHeadersMode::Automatic);
    response
        .set_http_keepalive_mode(HttpKeepaliveMode::Automatic)
        .expect_that("keep-alive mode")?;
    let address = response.remote_addr();
    check!(
        matches!(address, Ok(None)),
        "a response that nobody sent has an address: {address:?}"
    );

    // Not ResponseHandle::close, after which dropping the handle closes it again and panics.
    let handle = response.into_u32();
    check!(
        unsafe { fastly_http_resp::close(handle) }.is_ok(),
        "a response can not be closed"
    );
    check!(
        unsafe { fastly_http_resp::close(handle) }.is_err(),
        "a response can be closed twice"
    );
    ok("418")
}
