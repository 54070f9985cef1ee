//! The client, the platform, WASI.

use crate::*;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn client(request: &http_req::Request) -> Answer {
    let (names, _) = http_downstream::downstream_original_header_names(request, MANY, 0).map_err(text)?;
    Ok(format!(
        "ip: {:?}\nserver: {:?}\nnames: {}\ncount: {}\nddos: {:?}\ncipher: {:?}\nkey: {}\nid: {}\n",
        http_downstream::downstream_client_ip_addr(request),
        http_downstream::downstream_server_ip_addr(request).is_some(),
        names.replace('\0', ","),
        http_downstream::downstream_original_header_count(request).map_err(text)?,
        http_downstream::downstream_client_ddos_detected(request),
        http_downstream::downstream_tls_cipher_openssl_name(request, MANY),
        http_downstream::fastly_key_is_valid(request).map_err(text)?,
        http_downstream::downstream_client_request_id(request, MANY).map_err(text)?.len(),
    ))
}

pub fn facts() -> Answer {
    let ip = types::IpAddress::Ipv4((192, 0, 2, 1));
    let place = geo::lookup(ip, MANY).map_err(text)?;
    let phone = device_detection::lookup("test-phone/1.0", MANY).map_err(text)?.unwrap_or_default();
    Ok(format!(
        "oslo: {}\nphone: {}\nunknown: {:?}\n",
        place.contains("\"Oslo\""),
        phone.contains("Test Phone"),
        device_detection::lookup("nobody", MANY).map_err(text)?,
    ))
}

pub fn runtime() -> Answer {
    Ok(format!(
        "host: {}\npop: {}\nregion: {}\nservice: {}\nversion: {}\nstaging: {}\ncustomer: {}\nsandbox: {}\nheap: {}\ncpu: {}\n",
        compute_runtime::get_hostname(),
        compute_runtime::get_pop(),
        compute_runtime::get_region(),
        compute_runtime::get_service_id(),
        compute_runtime::get_service_version(),
        compute_runtime::get_is_staging(),
        compute_runtime::get_customer_id(),
        compute_runtime::get_sandbox_id().len(),
        compute_runtime::get_heap_mib() > 0,
        compute_runtime::get_vcpu_ms() < 10_000,
    ))
}

pub fn wasi() -> Answer {
    let variable = std::env::var("FASTLY_HOSTNAME").map_err(text)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(text)?;
    let mut seen = std::collections::HashSet::new(); // its hashes are of random keys
    seen.insert(1);
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(text)?;
    print!("to stdout\n");
    eprint!("to stderr\n");
    Ok(format!(
        "variable: {variable}\nafter 2020: {}\nstdin: {input:?}\nfile: {}\narguments: {}\n",
        now.as_secs() > 1_577_836_800,
        std::fs::read("/etc/passwd").is_err(),
        std::env::args().count(),
    ))
}

pub fn sleep(query: &str) -> Answer {
    let ms = query.strip_prefix("ms=").and_then(|n| n.parse().ok()).unwrap_or(1);
    let started = Instant::now();
    std::thread::sleep(Duration::from_millis(ms));
    Ok(format!("slept {}\n", started.elapsed().as_millis()))
}

pub fn log() -> Answer {
    let endpoint = log::Endpoint::open("events").map_err(text)?;
    endpoint.write(b"an entry");
    let empty = log::Endpoint::open("").err();
    Ok(format!("empty: {empty:?}\n"))
}
