//! `/geo?ip=…` and `/device?ua=…`: what the host knows about an address and a user agent.

use std::net::IpAddr;

use fastly::device_detection;
use fastly::geo::geo_lookup;
use fastly::Request;

use crate::support::{check, ok, Expect, Outcome};

pub fn geo(request: Request) -> Outcome {
    let ip = request
        .get_query_parameter("ip")
        .unwrap_or("192.0.2.1")
        .to_owned();
    let ip: IpAddr = ip.parse().expect_that("the address asked for")?;
    let Some(geo) = geo_lookup(ip) else {
        return ok(format!("{ip}: none"));
    };
    check!(
        geo.latitude().abs() <= 90.0 && geo.longitude().abs() <= 180.0,
        "{ip} is not on this planet"
    );
    ok(format!(
        "{ip}: {}, {} ({})\nas: {} {}\nat: {} {}\nconnection: {:?} {:?}\ncontinent: {}\nutc offset: {:?}",
        geo.city(),
        geo.country_name(),
        geo.country_code(),
        geo.as_number(),
        geo.as_name(),
        geo.latitude(),
        geo.longitude(),
        geo.conn_type(),
        geo.conn_speed(),
        geo.continent().as_code(),
        geo.utc_offset(),
    ))
}

pub fn device(request: Request) -> Outcome {
    let agent = request.get_query_parameter("ua").unwrap_or("test-phone/1.0");
    let Some(device) = device_detection::lookup(agent) else {
        return ok(format!("{agent}: none"));
    };
    ok(format!(
        "{agent}: {:?} by {:?}\nmobile: {:?}\ndesktop: {:?}",
        device.device_name(),
        device.brand(),
        device.is_mobile(),
        device.is_desktop(),
    ))
}
