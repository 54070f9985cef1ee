//! `/body`: bodies in memory: write at both ends, append, read, length, trailers, close.
//! `/body-streaming`: reads the request's body as it arrives.

use std::io::{Read, Write};

use fastly::experimental::{BodyExt, BodyHandleError, BodyHandleExt};
use fastly::handle::BodyHandle;
use fastly::http::{HeaderName, HeaderValue};
use fastly::{Body, Request};
use fastly_shared::BodyWriteEnd;
use fastly_sys::fastly_http_body;

use crate::support::{check, check_eq, ok, Expect, Outcome};

pub fn body(_request: Request) -> Outcome {
    let mut body = BodyHandle::new();
    check_eq!("bytes taken", body.write(b"middle").expect_that("write")?, 6);
    let (mut written, front) = (0, b"front ");
    let status = unsafe {
        fastly_http_body::write(
            body.as_u32(),
            front.as_ptr(),
            front.len(),
            BodyWriteEnd::Front,
            &mut written,
        )
    };
    check!(status.is_ok(), "writing at the front: {status:?}");
    let mut tail = BodyHandle::new();
    tail.write_all(b" end").expect_that("write")?;
    body.append(tail);

    let mut length = 0;
    let status = unsafe { fastly_http_body::known_length(body.as_u32(), &mut length) };
    check!(status.is_ok(), "known_length: {status:?}");
    check_eq!("known_length", length, 16);

    let mut three = [0; 3];
    body.read_exact(&mut three).expect_that("read")?;
    check_eq!("the first three bytes", &three, b"fro");
    check_eq!("the rest", body.into_string(), "nt middle end");

    let mut big = BodyHandle::new();
    for i in 0..100u8 {
        big.write_all(&[i; 10_000]).expect_that("write")?;
    }
    let bytes = big.into_bytes();
    check_eq!("the length of a big body", bytes.len(), 1_000_000);
    check!(
        bytes
            .chunks(10_000)
            .enumerate()
            .all(|(i, c)| c.iter().all(|b| *b == i as u8)),
        "a big body is mixed up"
    );

    trailers()?;

    let mut closed = BodyHandle::new();
    closed.write_all(b"x").expect_that("write")?;
    closed.close().expect_that("closing a body")?;
    let status = unsafe { fastly_http_body::close(0xffff_fff0) };
    check!(status.is_err(), "a body that never was can be closed");
    ok("16 bytes, 1000000 bytes, trailers")
}

fn trailers() -> Result<(), String> {
    let mut body = Body::from("with trailers");
    body.append_trailer("x-sum", "1");
    body.append_trailer("x-sum", "2");
    body.append_trailer("x-end", "yes");
    let mut handle = body.into_handle();
    match handle.get_trailer_names(64) {
        Err(BodyHandleError::TrailersNotReady) => {}
        Ok(_) => return Err("trailers are there before the body has been read".to_owned()),
    }
    let mut text = String::new();
    handle.read_to_string(&mut text).expect_that("read")?;
    check_eq!("the body before its trailers", text, "with trailers");

    let sum = HeaderName::from_static("x-sum");
    let names: Vec<_> = handle
        .get_trailer_names(8)
        .expect_that("trailers")?
        .collect::<Result<_, _>>()
        .expect_that("the names of the trailers")?;
    check_eq!(
        "the names of the trailers",
        names,
        [sum.clone(), HeaderName::from_static("x-end")]
    );
    let sums: Vec<_> = handle
        .get_trailer_values(&sum, 64)
        .expect_that("trailers")?
        .collect::<Result<_, _>>()
        .expect_that("x-sum")?;
    check_eq!("x-sum", sums, ["1", "2"]);
    let end = handle
        .get_trailer_value(&HeaderName::from_static("x-end"), 64)
        .expect_that("trailers")?
        .expect_that("x-end")?;
    check_eq!("x-end", end, Some(HeaderValue::from_static("yes")));
    Ok(())
}

pub fn streaming(mut request: Request) -> Outcome {
    let (mut reads, mut total) = (0u32, 0usize);
    for chunk in request.read_body_chunks(4096) {
        let chunk = chunk.expect_that("reading the request's body")?;
        check!(chunk.len() <= 4096, "asked for 4096 bytes, got {}", chunk.len());
        reads += 1;
        total += chunk.len();
    }
    // How many reads it took depends on how the client sent it; that there were some does not.
    check!(total == 0 || reads > 0, "{total} bytes without a read");
    ok(format!("bytes: {total}"))
}
