//! Through the host, with what fastly.toml has for it.

use fastly::{Request, SecretStore};

#[test]
fn sends_a_request_to_a_backend() {
    let response = Request::get("http://origin.example/greeting").send("origin").unwrap();
    assert_eq!(response.into_body_str(), "hello from the origin");
}

#[test]
fn reads_a_secret() {
    let secret = SecretStore::open("secrets").unwrap().get("key").unwrap();
    assert_eq!(&secret.plaintext()[..], b"hidden");
}

#[test]
fn names_its_visitor() {
    let request = Request::get("http://service.example/?name=bob");
    assert_eq!(backlot_guest_tests::visitor(&request), "bob");
}
