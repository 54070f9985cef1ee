//! Says what it is told, and what is known of who told it: for tests of the server and of clients.
//!
//! /proxy/… goes to the backend `origin` and gRPC calls to the backend `grpc`, bodies and trailers streaming;
//! everything else is read to its end and described as JSON.

use fastly::http::{header, Version};
use fastly::{Error, Request, Response};
use serde_json::{json, Value};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn version(request: &Request) -> &'static str {
    match request.get_version() {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_11 => "HTTP/1.1",
        _ => "another",
    }
}

fn tls(request: &Request) -> Value {
    json!({
        "protocol": request.get_tls_protocol().unwrap(),
        "cipher": request.get_tls_cipher_openssl_name().unwrap(),
        "serverName": request.get_tls_client_servername(),
        "clientHello": request.get_tls_client_hello().map(hex),
        "ja3": request.get_tls_ja3_md5().map(|md5| hex(&md5)),
        "ja4": request.get_tls_ja4(),
        "certificate": request.get_tls_raw_client_certificate().unwrap(),
        "verdict": request.get_tls_client_cert_verify_result().map(|verdict| format!("{verdict:?}")),
    })
}

fn describe(mut request: Request) -> Response {
    let body = request.take_body_bytes();
    let names = request.get_original_header_names().ok().flatten().map(<[String]>::to_vec);
    let value = json!({
        "version": version(&request),
        "method": request.get_method_str(),
        "url": request.get_url_str(),
        "headers": names,
        "bodyBytes": body.len(),
        "h2Fingerprint": request.get_client_h2_fingerprint(),
        "ohFingerprint": request.get_client_oh_fingerprint(),
        "tls": tls(&request),
    });
    Response::from_body(value.to_string()).with_content_type(fastly::mime::APPLICATION_JSON)
}

fn is_grpc(request: &Request) -> bool {
    request.get_header_str(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/grpc"))
}

fn main() -> Result<(), Error> {
    let request = Request::from_client();
    if is_grpc(&request) {
        request.with_pass(true).send("grpc")?.send_to_client();
    } else if request.get_path().starts_with("/proxy/") {
        request.with_pass(true).send("origin")?.send_to_client();
    } else {
        describe(request).send_to_client();
    }
    Ok(())
}
