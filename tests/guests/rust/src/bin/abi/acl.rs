//! `/acl`: which entry of an access list holds for an address.

use std::net::IpAddr;

use fastly::acl::OpenError;
use fastly::{Acl, Request};

use crate::support::{check, check_eq, ok, Expect, Outcome};

fn action(acl: &Acl, ip: &str) -> Result<String, String> {
    let ip: IpAddr = ip.parse().expect_that("the address asked for")?;
    let found = acl.try_lookup(ip).expect_that("lookup")?;
    Ok(found.map_or("none".to_owned(), |m| format!("{:?} {}", m.action(), m.prefix())))
}

pub fn acl(request: Request) -> Outcome {
    let missing = Acl::open("no-such-list").err();
    check!(
        matches!(missing, Some(OpenError::AclNotFound)),
        "a list that is not there: {missing:?}"
    );
    let acl = Acl::open("blocklist").expect_that("opening blocklist")?;
    // The longest prefix wins, wherever it stands.
    check_eq!("192.0.2.1", action(&acl, "192.0.2.1")?, "Allow 192.0.2.1/32");
    check_eq!("192.0.2.2", action(&acl, "192.0.2.2")?, "Block 192.0.2.0/24");
    check_eq!("198.51.100.1", action(&acl, "198.51.100.1")?, "none");
    check_eq!("2001:db8::1", action(&acl, "2001:db8::1")?, "Block 2001:db8::/32");
    let ip = request.get_query_parameter("ip").unwrap_or("192.0.2.1");
    ok(format!("{ip}: {}", action(&acl, ip)?))
}
