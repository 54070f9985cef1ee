//! `/behalf`: sends with the cache of another service, which only Fastly's own services may.

use fastly::Request;

use crate::support::{ok, Outcome};

pub fn behalf(_request: Request) -> Outcome {
    match Request::get("http://origin.example/cached").on_behalf_of("other") {
        Ok(_) => Err("on_behalf_of: nobody minds".to_owned()),
        Err(status) => ok(format!("{status:?}")),
    }
}
