//! `/client`: everything the host tells about who asks, as JSON.

use fastly::http::StatusCode;
use fastly::{Request, Response};
use serde_json::json;

use crate::support::{respond, Expect, Outcome};

pub fn client(request: Request) -> Outcome {
    let names = request
        .get_original_header_names()
        .expect_that("the original names")?
        .map(<[String]>::to_vec);
    let hello = request.get_tls_client_hello().map(<[u8]>::len);
    let facts = json!({
        "client_ip": request.get_client_ip_addr().map(|ip| ip.to_string()),
        "server_ip": request.get_server_ip_addr().map(|ip| ip.to_string()),
        "request_id": request.get_client_request_id(),
        "original_header_names": names,
        "original_header_count": request.get_original_header_count(),
        "h2_fingerprint": request.get_client_h2_fingerprint(),
        "oh_fingerprint": request.get_client_oh_fingerprint(),
        "ddos_detected": request.get_client_ddos_detected(),
        "tls_protocol": request.get_tls_protocol().expect_that("the protocol")?,
        "tls_cipher": request.get_tls_cipher_openssl_name().expect_that("the cipher")?,
        "tls_client_hello_bytes": hello,
        "tls_servername": request.get_tls_client_servername(),
        "tls_ja3_md5": request.get_tls_ja3_md5().map(|md5| md5.map(|b| format!("{b:02x}")).concat()),
        "tls_ja4": request.get_tls_ja4(),
        "tls_certificate": request.get_tls_raw_client_certificate().expect_that("the certificate")?,
        "tls_verify_result": request.get_tls_client_cert_verify_result().map(|r| format!("{r:?}")),
        "compliance_region": request.get_compliance_region().map(|r| format!("{r:?}")),
        "fastly_key_is_valid": request.fastly_key_is_valid(),
        "bot_analyzed": request.get_bot_analyzed(),
        "bot_detected": request.get_bot_detected(),
    });
    respond(
        Response::from_status(StatusCode::OK)
            .with_body_json(&facts)
            .expect_that("JSON")?,
    )
}
