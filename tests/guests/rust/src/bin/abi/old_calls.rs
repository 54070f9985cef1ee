//! `/old-calls`: host calls that today's SDK has newer versions of. Guests that were compiled long ago
//! import them, so a host keeps them; here they are called directly.

use fastly::handle::{BodyHandle, RequestHandle, ResponseHandle};
use fastly::http::{Method, Url};
use fastly::Request;
use fastly_shared::FastlyStatus;
use fastly_sys::fastly_http_req::{
    pending_req_select_v2, pending_req_wait_v2, send_v3, SendErrorDetail, SendErrorDetailTag,
};
use fastly_sys::fastly_kv_store as kv;

use crate::support::{check, check_eq, done, ok, Expect, Outcome};

/// A text about the client, into a buffer.
type TextGetter = unsafe extern "C" fn(*mut u8, usize, &mut usize) -> FastlyStatus;

#[rustfmt::skip]
#[link(wasm_import_module = "fastly_http_req")]
extern "C" {
    fn send(request: u32, body: u32, backend: *const u8, len: usize, response: &mut u32, response_body: &mut u32) -> FastlyStatus;
    fn send_async(request: u32, body: u32, backend: *const u8, len: usize, pending: &mut u32) -> FastlyStatus;
    fn send_async_v2(request: u32, body: u32, backend: *const u8, len: usize, streaming: u32, pending: &mut u32) -> FastlyStatus;
    fn send_async_streaming(request: u32, body: u32, backend: *const u8, len: usize, pending: &mut u32) -> FastlyStatus;
    fn pending_req_poll(pending: u32, done: &mut u32, response: &mut u32, body: &mut u32) -> FastlyStatus;
    fn pending_req_wait(pending: u32, response: &mut u32, body: &mut u32) -> FastlyStatus;
    fn pending_req_select(pending: *const u32, len: usize, index: &mut u32, response: &mut u32, body: &mut u32) -> FastlyStatus;
    fn cache_override_set(request: u32, tag: u32, ttl: u32, stale: u32) -> FastlyStatus;
    fn cache_override_v2_set(request: u32, tag: u32, ttl: u32, stale: u32, key: *const u8, len: usize) -> FastlyStatus;
    fn downstream_client_ip_addr(octets: *mut u8, written: &mut usize) -> FastlyStatus;
    fn downstream_server_ip_addr(octets: *mut u8, written: &mut usize) -> FastlyStatus;
    fn downstream_client_request_id(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_client_h2_fingerprint(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_client_oh_fingerprint(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_client_ddos_detected(detected: &mut u32) -> FastlyStatus;
    fn downstream_compliance_region(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_protocol(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_cipher_openssl_name(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_client_hello(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_raw_client_certificate(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_client_cert_verify_result(result: &mut u32) -> FastlyStatus;
    fn downstream_tls_ja3_md5(md5: *mut u8, written: &mut usize) -> FastlyStatus;
    fn downstream_tls_ja4(buffer: *mut u8, len: usize, written: &mut usize) -> FastlyStatus;
    fn original_header_count(count: &mut u32) -> FastlyStatus;
    fn original_header_names_get(buffer: *mut u8, len: usize, cursor: u32, ending: &mut i64, written: &mut usize) -> FastlyStatus;
    fn fastly_key_is_valid(valid: &mut u32) -> FastlyStatus;
    fn upgrade_websocket(backend: *const u8, len: usize) -> FastlyStatus;
    fn on_behalf_of(request: u32, service: *const u8, len: usize) -> FastlyStatus;
    fn close(request: u32) -> FastlyStatus;
}

#[link(wasm_import_module = "fastly_http_downstream")]
extern "C" {
    fn downstream_visits_this_service(hops: &mut u32) -> FastlyStatus;
    fn downstream_visits_this_pop(hops: &mut u32) -> FastlyStatus;
}

const BACKEND: &str = "origin";
const NONE: u32 = u32::MAX;

/// Tags of cache_override_set and its second version.
const PASS: u32 = 1;
const TTL: u32 = 2;
const STALE_WHILE_REVALIDATE: u32 = 4;

/// When a call succeeds, the host says so in the detail or leaves it alone.
fn no_error(what: &str, detail: &SendErrorDetail) -> Result<(), String> {
    let fine = matches!(
        detail.tag,
        SendErrorDetailTag::Ok | SendErrorDetailTag::Uninitialized
    );
    check!(fine, "{what} succeeds, its detail is {:?}", detail.tag);
    Ok(())
}

fn request(path: &str) -> RequestHandle {
    let mut request = RequestHandle::new();
    request.set_method(&Method::GET);
    request.set_url(&Url::parse(&format!("http://origin.example{path}")).expect("a valid URL"));
    request
}

fn no_body() -> u32 {
    BodyHandle::new().into_u32()
}

/// Takes over both handles and says what the origin answered.
fn answer(what: &str, response: u32, body: u32) -> Result<String, String> {
    check!(
        response != NONE && body != NONE,
        "{what}: no response, though the call succeeded"
    );
    let mut status = 0;
    done(what, unsafe {
        fastly_sys::fastly_http_resp::status_get(response, &mut status)
    })?;
    let text = unsafe { BodyHandle::from_u32(body) }.into_string();
    done(what, unsafe { fastly_sys::fastly_http_resp::close(response) })?;
    Ok(format!("{what}: {status} {text}"))
}

pub fn old_calls(_request: Request) -> Outcome {
    let mut report = Vec::new();
    report.extend(sync()?);
    report.extend(pending()?);
    report.extend(downstream()?);
    report.extend(declined());
    key_value()?;

    // What was made and never sent is given back.
    done("close", unsafe { close(request("/never").into_u32()) })?;
    drop(ResponseHandle::new());
    ok(report.join("\n"))
}

fn sync() -> Result<Vec<String>, String> {
    let one = request("/send").into_u32();
    done("cache_override_set", unsafe {
        cache_override_set(one, TTL | STALE_WHILE_REVALIDATE, 60, 30)
    })?;
    let key = "one two";
    done("cache_override_v2_set", unsafe {
        cache_override_v2_set(one, PASS, 0, 0, key.as_ptr(), key.len())
    })?;
    let (mut response, mut body) = (NONE, NONE);
    done("send", unsafe {
        send(
            one,
            no_body(),
            BACKEND.as_ptr(),
            BACKEND.len(),
            &mut response,
            &mut body,
        )
    })?;
    let first = answer("send", response, body)?;

    let (two, mut detail) = (
        request("/send_v3").into_u32(),
        SendErrorDetail::uninitialized_all(),
    );
    (response, body) = (NONE, NONE);
    done("send_v3", unsafe {
        send_v3(
            two,
            no_body(),
            BACKEND.as_ptr(),
            BACKEND.len(),
            &mut detail,
            &mut response,
            &mut body,
        )
    })?;
    no_error("send_v3", &detail)?;
    Ok(vec![first, answer("send_v3", response, body)?])
}

fn pending() -> Result<Vec<String>, String> {
    let mut report = Vec::new();
    let (mut response, mut body) = (NONE, NONE);
    let start = |path: &str| -> Result<u32, String> {
        let mut pending = NONE;
        let status = unsafe {
            send_async(
                request(path).into_u32(),
                no_body(),
                BACKEND.as_ptr(),
                BACKEND.len(),
                &mut pending,
            )
        };
        done("send_async", status)?;
        Ok(pending)
    };

    done("pending_req_wait", unsafe {
        pending_req_wait(start("/wait")?, &mut response, &mut body)
    })?;
    report.push(answer("wait", response, body)?);

    let both = [start("/select")?, start("/select")?];
    let mut index = 9;
    done("pending_req_select", unsafe {
        pending_req_select(both.as_ptr(), 2, &mut index, &mut response, &mut body)
    })?;
    check!(index < 2, "pending_req_select chose {index} of 2");
    report.push(answer("select", response, body)?);
    let other = both[1 - index as usize];
    done("pending_req_wait", unsafe {
        pending_req_wait(other, &mut response, &mut body)
    })?;
    report.push(answer("the other", response, body)?);

    let mut detail = SendErrorDetail::uninitialized_all();
    let mut index = -1;
    let both = [start("/select_v2")?, start("/select_v2")?];
    done("pending_req_select_v2", unsafe {
        pending_req_select_v2(
            both.as_ptr(),
            2,
            &mut detail,
            &mut index,
            &mut response,
            &mut body,
        )
    })?;
    check!(
        (0..2).contains(&index),
        "pending_req_select_v2 chose {index} of 2"
    );
    report.push(answer("select_v2", response, body)?);
    let other = both[1 - index as usize];
    done("pending_req_wait_v2", unsafe {
        pending_req_wait_v2(other, &mut detail, &mut response, &mut body)
    })?;
    no_error("pending_req_wait_v2", &detail)?;
    report.push(answer("wait_v2", response, body)?);

    let polled = start("/poll")?;
    let mut is_done = 0;
    for _ in 0..10_000 {
        done("pending_req_poll", unsafe {
            pending_req_poll(polled, &mut is_done, &mut response, &mut body)
        })?;
        if is_done != 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    check!(is_done != 0, "10000 polls and no response");
    report.push(answer("poll", response, body)?);

    for streaming in [0, 1] {
        let upload = no_body();
        let mut pending = NONE;
        let one = request("/upload").into_u32();
        done("send_async_v2", unsafe {
            send_async_v2(
                one,
                upload,
                BACKEND.as_ptr(),
                BACKEND.len(),
                streaming,
                &mut pending,
            )
        })?;
        if streaming == 1 {
            done("closing the upload", unsafe {
                fastly_sys::fastly_http_body::close(upload)
            })?;
        }
        done("pending_req_wait", unsafe {
            pending_req_wait(pending, &mut response, &mut body)
        })?;
        report.push(answer("upload", response, body)?);
    }

    let (upload, mut pending) = (no_body(), NONE);
    let one = request("/upload").into_u32();
    done("send_async_streaming", unsafe {
        send_async_streaming(one, upload, BACKEND.as_ptr(), BACKEND.len(), &mut pending)
    })?;
    done("closing the upload", unsafe {
        fastly_sys::fastly_http_body::close(upload)
    })?;
    done("pending_req_wait", unsafe {
        pending_req_wait(pending, &mut response, &mut body)
    })?;
    report.push(answer("upload", response, body)?);
    Ok(report)
}

/// The client's facts without naming a request: the first one of the sandbox.
fn downstream() -> Result<Vec<String>, String> {
    let (mut octets, mut written) = ([0u8; 16], 0);
    done("downstream_client_ip_addr", unsafe {
        downstream_client_ip_addr(octets.as_mut_ptr(), &mut written)
    })?;
    check!(
        written == 4 || written == 16,
        "the client's address has {written} bytes"
    );
    done("downstream_server_ip_addr", unsafe {
        downstream_server_ip_addr(octets.as_mut_ptr(), &mut written)
    })?;
    check!(
        written == 4 || written == 16,
        "the server's address has {written} bytes"
    );

    let mut buffer = [0u8; 1024];
    done("downstream_client_request_id", unsafe {
        downstream_client_request_id(buffer.as_mut_ptr(), buffer.len(), &mut written)
    })?;
    std::str::from_utf8(&buffer[..written]).expect_that("the request's id")?;
    let status = unsafe { downstream_client_request_id(buffer.as_mut_ptr(), 1, &mut written) };
    check_eq!("a request's id in one byte", status, FastlyStatus::BUFLEN);

    // What only some connections have: the report says which there were.
    let mut report = Vec::new();
    let texts: [(&str, TextGetter); 8] = [
        ("h2 fingerprint", downstream_client_h2_fingerprint),
        ("oh fingerprint", downstream_client_oh_fingerprint),
        ("compliance region", downstream_compliance_region),
        ("tls protocol", downstream_tls_protocol),
        ("tls cipher", downstream_tls_cipher_openssl_name),
        ("tls client hello", downstream_tls_client_hello),
        ("tls certificate", downstream_tls_raw_client_certificate),
        ("tls ja4", downstream_tls_ja4),
    ];
    for (what, getter) in texts {
        let status = unsafe { getter(buffer.as_mut_ptr(), buffer.len(), &mut written) };
        report.push(match status.is_ok() {
            true => format!("{what}: {}", buffer[..written].escape_ascii()),
            false => format!("{what}: {status:?}"),
        });
    }
    let (mut result, mut detected) = (0, 9);
    let status = unsafe { downstream_tls_client_cert_verify_result(&mut result) };
    report.push(format!("tls verify result: {status:?} {result}"));
    let status = unsafe { downstream_tls_ja3_md5(octets.as_mut_ptr(), &mut written) };
    report.push(format!("tls ja3: {status:?} {:x}", u128::from_be_bytes(octets)));
    done("downstream_client_ddos_detected", unsafe {
        downstream_client_ddos_detected(&mut detected)
    })?;
    check!(detected < 2, "downstream_client_ddos_detected says {detected}");

    let (mut count, mut ending, mut valid) = (0, 0, 9);
    done("original_header_count", unsafe {
        original_header_count(&mut count)
    })?;
    done("original_header_names_get", unsafe {
        original_header_names_get(buffer.as_mut_ptr(), buffer.len(), 0, &mut ending, &mut written)
    })?;
    let names = buffer[..written].iter().filter(|byte| **byte == 0).count();
    check_eq!("the original headers", names, count as usize);
    done("fastly_key_is_valid", unsafe { fastly_key_is_valid(&mut valid) })?;
    check!(valid < 2, "fastly_key_is_valid says {valid}");
    Ok(report)
}

/// What a local runtime may decline; an honest one says so.
fn declined() -> Vec<String> {
    let mut hops = 0;
    let one = request("/never").into_u32();
    let statuses = [
        ("visits to this service", unsafe {
            downstream_visits_this_service(&mut hops)
        }),
        ("visits to this pop", unsafe {
            downstream_visits_this_pop(&mut hops)
        }),
        ("upgrade_websocket to nobody", unsafe {
            upgrade_websocket("nobody".as_ptr(), 6)
        }),
        ("on_behalf_of", unsafe {
            on_behalf_of(one, "service".as_ptr(), 7)
        }),
    ];
    statuses
        .iter()
        .map(|(what, status)| format!("{what}: {status:?}"))
        .collect()
}

/// lookup_wait gives the generation in 32 bits; its second version in 64.
fn key_value() -> Result<(), String> {
    let (name, key) = ("things", "existing");
    let (mut store, mut pending) = (NONE, NONE);
    done("open", unsafe {
        kv::open_v2(name.as_ptr(), name.len(), &mut store)
    })?;
    let config = fastly_sys::LookupConfig::default();
    done("lookup", unsafe {
        kv::lookup_v2(
            store,
            key.as_ptr(),
            key.len(),
            fastly_sys::LookupConfigOptions::empty(),
            &config,
            &mut pending,
        )
    })?;
    let mut metadata = [0u8; 2000];
    let (mut body, mut written, mut generation, mut error) = (NONE, 0, 0, kv::KvError::Uninitialized);
    done("lookup_wait", unsafe {
        kv::pending_lookup_wait_v2(
            pending,
            &mut body,
            metadata.as_mut_ptr(),
            metadata.len(),
            &mut written,
            &mut generation,
            &mut error,
        )
    })?;
    check_eq!("lookup_wait's error", error, kv::KvError::Ok);
    check_eq!(
        "existing",
        unsafe { BodyHandle::from_u32(body) }.into_string(),
        "old value"
    );
    Ok(())
}
