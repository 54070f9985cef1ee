//! `/shield`: asks whether this is the shield, and sends to it if not.

use std::time::Duration;

use fastly::shielding::Shield;
use fastly::Request;

use crate::support::{ok, Expect, Outcome};

/// `?name=` is the shield, `&plain` sends without TLS, `&patience=` is how long to wait in ms.
pub fn shield(request: Request) -> Outcome {
    let name = request.get_query_parameter("name").unwrap_or("there-xx");
    let mut shield = Shield::new(name).expect_that(name)?;
    if shield.running_on() {
        return ok(format!("{name} is here"));
    }
    if let Some(patience) = request.get_query_parameter("patience") {
        let patience = Duration::from_millis(patience.parse().expect_that("patience")?);
        shield = shield
            .with_first_byte_timeout(patience)
            .with_between_bytes_timeout(patience);
    }
    let backend = match request.get_query_parameter("plain") {
        Some(_) => shield.unencrypted_backend().expect_that("plain backend")?,
        None => shield.encrypted_backend().expect_that("backend")?,
    };
    let about = format!(
        "dynamic: {}, tls: {}, first byte: {:?}",
        backend.is_dynamic(),
        backend.is_ssl(),
        backend.get_first_byte_timeout(),
    );
    let mut response = Request::get("http://shop.example/page").send(&backend).expect_that("send")?;
    ok(format!(
        "{name} is elsewhere\n{about}\n{}: {}",
        response.get_status().as_u16(),
        response.take_body_str(),
    ))
}
