//! `/req`, `/uri`: a request's headers, method, URI and version, through handles, so that every line
//! is a host call. (The SDK's `Request` keeps them in the guest until it is sent.)

use fastly::handle::RequestHandle;
use fastly::http::{HeaderName, HeaderValue, Method, Url, Version};
use fastly::Request;
use fastly_sys::fastly_http_req;

use crate::support::{check, check_eq, ok, Expect, Outcome};

fn name(text: &str) -> HeaderName {
    HeaderName::from_bytes(text.as_bytes()).expect("a valid header name")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a valid header value")
}

fn values(request: &RequestHandle, header: &str, buffer: usize) -> Result<Vec<String>, String> {
    request
        .get_header_values(&name(header), buffer)
        .map(|one| one.map(|v| v.to_str().unwrap_or("?").to_owned()))
        .collect::<Result<_, _>>()
        .expect_that(header)
}

fn names(request: &RequestHandle, buffer: usize) -> Result<Vec<String>, String> {
    request
        .get_header_names(buffer)
        .map(|one| one.map(|n| n.as_str().to_owned()))
        .collect::<Result<_, _>>()
        .expect_that("the names of the headers")
}

pub fn headers(_request: Request) -> Outcome {
    let mut request = RequestHandle::new();
    check!(names(&request, 1024)?.is_empty(), "a new request has headers");

    request.insert_header(&name("x-one"), &value("1"));
    check_eq!("x-one after insert", values(&request, "x-one", 64)?, ["1"]);
    request.append_header(&name("x-one"), &value("2"));
    request.append_header(&name("x-one"), &value("3, 4"));
    check_eq!(
        "x-one after append",
        values(&request, "x-one", 64)?,
        ["1", "2", "3, 4"]
    );
    // Room for one value at a time: the host must go on where its cursor says.
    check_eq!(
        "x-one in small pieces",
        values(&request, "x-one", 5)?,
        ["1", "2", "3, 4"]
    );
    request.insert_header(&name("x-one"), &value("5"));
    check_eq!(
        "x-one after insert over three",
        values(&request, "x-one", 64)?,
        ["5"]
    );

    let many = [value("a"), value(""), value("b")];
    request.set_header_values(&name("x-set"), many.iter());
    check_eq!("x-set", values(&request, "x-set", 64)?, ["a", "", "b"]);
    let first = request
        .get_header_value(&name("x-set"), 64)
        .expect_that("the first x-set")?;
    check_eq!("the first x-set", first, Some(value("a")));

    request.insert_header(&name("x-long"), &value(&"v".repeat(100)));
    let too_small = request.get_header_value(&name("x-long"), 10);
    check!(
        too_small.is_err(),
        "100 bytes fit into a buffer of 10: {too_small:?}"
    );
    let missing = request
        .get_header_value(&name("x-missing"), 64)
        .expect_that("x-missing")?;
    check_eq!("a header that is not there", missing, None);

    check!(
        request.remove_header(&name("x-long")),
        "x-long could not be removed"
    );
    check!(
        !request.remove_header(&name("x-long")),
        "x-long could be removed twice"
    );
    check_eq!("the names", names(&request, 1024)?, ["x-one", "x-set"]);

    for i in 0..200 {
        request.insert_header(&name(&format!("x-many-{i:03}")), &value(&i.to_string()));
    }
    let all = names(&request, 64)?;
    check_eq!("how many names", all.len(), 202);
    check!(
        all.contains(&"x-many-199".to_owned()),
        "x-many-199 is not among the names"
    );

    // Not RequestHandle::close, after which dropping the handle closes it again and panics.
    let handle = request.into_u32();
    check!(
        unsafe { fastly_http_req::close(handle) }.is_ok(),
        "a request can not be closed"
    );
    check!(
        unsafe { fastly_http_req::close(handle) }.is_err(),
        "a request can be closed twice"
    );
    ok("202 headers")
}

pub fn uri(_request: Request) -> Outcome {
    let mut request = RequestHandle::new();
    check_eq!(
        "the method of a new request",
        request.get_method(64).expect_that("method")?,
        Method::GET
    );
    request.set_method(&Method::from_bytes(b"BREW").expect("a valid method"));
    check_eq!(
        "the method",
        request.get_method(64).expect_that("method")?.as_str(),
        "BREW"
    );
    check!(request.get_method(2).is_err(), "BREW fits into two bytes");

    let url = Url::parse("https://shop.example/a/b?q=%20x&y#part").expect("a valid URL");
    request.set_url(&url);
    let got = request.get_url(1024).expect_that("the URL")?;
    check_eq!(
        "path and query",
        (got.path(), got.query()),
        ("/a/b", Some("q=%20x&y"))
    );
    check_eq!("host", got.host_str(), Some("shop.example"));
    check!(request.get_url(8).is_err(), "the URL fits into 8 bytes");

    check_eq!(
        "the version of a new request",
        request.get_version(),
        Version::HTTP_11
    );
    request.set_version(Version::HTTP_2);
    check_eq!("the version", request.get_version(), Version::HTTP_2);
    ok(got)
}
