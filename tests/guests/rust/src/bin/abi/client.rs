//! `/client`: everything the host tells about who asks, as JSON.

use fastly::http::StatusCode;
use fastly_shared::FastlyStatus;
use fastly::{Request, Response};
use serde_json::{json, Value};

use crate::support::{ok, respond, Expect, Outcome};

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
        "bot_name": request.get_bot_name().expect_that("the bot's name")?,
        "bot_category": request.get_bot_category().expect_that("the bot's category")?,
        "bot_category_kind": request.get_bot_category_kind().map(|kind| format!("{kind:?}")),
        "bot_verified": request.get_bot_verified(),
        "vpn_proxy": proxy(&request),
    });
    respond(
        Response::from_status(StatusCode::OK)
            .with_body_json(&facts)
            .expect_that("JSON")?,
    )
}

/// What is known of the network that the client's address belongs to; null when nothing is.
fn proxy(request: &Request) -> Value {
    request.get_vpn_proxy_is_anonymous().map_or(Value::Null, |anonymous| {
        json!({
            "anonymous": anonymous,
            "anonymous_vpn": request.get_vpn_proxy_is_anonymous_vpn(),
            "hosting_provider": request.get_vpn_proxy_is_hosting_provider(),
            "proxy_over_vpn": request.get_vpn_proxy_is_proxy_over_vpn(),
            "public_proxy": request.get_vpn_proxy_is_public_proxy(),
            "relay_proxy": request.get_vpn_proxy_is_relay_proxy(),
            "residential_proxy": request.get_vpn_proxy_is_residential_proxy(),
            "smart_dns_proxy": request.get_vpn_proxy_is_smart_dns_proxy(),
            "tor_exit_node": request.get_vpn_proxy_is_tor_exit_node(),
            "vpn_datacenter": request.get_vpn_proxy_is_vpn_datacenter(),
            "service": request.get_vpn_proxy_service_name(),
        })
    })
}

#[link(wasm_import_module = "fastly_http_downstream")]
extern "C" {
    fn downstream_visits_this_service(hops: &mut u32) -> FastlyStatus;
    fn downstream_visits_this_pop(hops: &mut u32) -> FastlyStatus;
}

/// `/visits`: how often the request came by before; the SDK has no name for these calls.
pub fn visits(_request: Request) -> Outcome {
    let (mut service, mut pop) = (0, 0);
    unsafe { downstream_visits_this_service(&mut service) }
        .result()
        .expect_that("visits of the service")?;
    unsafe { downstream_visits_this_pop(&mut pop) }
        .result()
        .expect_that("visits of the POP")?;
    ok(format!("service: {service}, pop: {pop}"))
}
