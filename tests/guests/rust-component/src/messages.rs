//! Requests, responses, bodies and backends.

use crate::*;

pub fn echo(request: &http_req::Request, body: &http_body::Body) -> Answer {
    let method = request.get_method(MANY).map_err(text)?;
    let bytes = read_all(body)?;
    Ok(format!("{method} {:?}\n{}", request.get_version().map_err(text)?, String::from_utf8_lossy(&bytes)))
}

pub fn headers(request: &http_req::Request) -> Answer {
    let own = http_req::Request::new().map_err(text)?;
    own.insert_header("a", b"1").map_err(text)?;
    own.append_header("a", b"2").map_err(text)?;
    own.set_header_values("b", b"x\0y\0").map_err(text)?;
    own.insert_header("gone", b"soon").map_err(text)?;
    own.remove_header("gone").map_err(text)?;
    let (names, next) = own.get_header_names(MANY, 0).map_err(text)?;
    let (values, _) = own.get_header_values("a", MANY, 0).map_err(text)?;
    let short = request.get_header_value("x-long", 2);
    let bad = own.insert_header("not a name", b"1");
    own.set_method("PATCH").map_err(text)?;
    own.set_uri("http://example.com/x").map_err(text)?;
    own.set_version(service::fastly::compute::http_types::HttpVersion::H2).map_err(text)?;
    Ok(format!(
        "names: {}\nnext: {next:?}\nvalues: {}\nb: {:?}\nnone: {:?}\nshort: {short:?}\nbad: {bad:?}\nmethod: {}\nuri: {}\nversion: {:?}\n",
        names.replace('\0', ","),
        String::from_utf8_lossy(&values).replace('\0', ","),
        own.get_header_value("b", MANY).map_err(text)?.map(|v| String::from_utf8_lossy(&v).into_owned()),
        own.get_header_value("gone", MANY).map_err(text)?,
        own.get_method(MANY).map_err(text)?,
        own.get_uri(MANY).map_err(text)?,
        own.get_version().map_err(text)?,
    ))
}

pub fn response() -> Result<(), ()> {
    let response = http_resp::Response::new().unwrap();
    response.set_status(418).unwrap();
    response.append_header("x-two", b"one").unwrap();
    response.append_header("x-two", b"two").unwrap();
    let status = response.get_status().unwrap();
    let nobody = (response.get_remote_ip_addr().is_none(), response.get_remote_port());
    let body = body_of(format!("{status} {nobody:?}").as_bytes());
    http_body::write_front(&body, b"status: ").unwrap();
    http_body::append(&body, body_of(b" end")).unwrap();
    http_resp::send_downstream(response, body).unwrap();
    Ok(())
}

pub fn stream() -> Result<(), ()> {
    let response = http_resp::Response::new().unwrap();
    let body = http_body::new().unwrap();
    http_resp::send_downstream_streaming(response, &body).unwrap();
    for i in 0..1000 {
        http_body::write(&body, format!("line {i}\n").as_bytes()).unwrap();
    }
    http_body::append_trailer(&body, "x-lines", b"1000").unwrap();
    http_body::close(body).unwrap();
    Ok(())
}

pub fn proxy(request: http_req::Request, body: http_body::Body) -> Result<(), ()> {
    let origin = backend::Backend::open("origin").unwrap();
    match http_req::send(request, body, &origin) {
        Ok((response, body)) => {
            response.append_header("x-by", b"component").unwrap();
            http_resp::send_downstream(response, body).unwrap();
        }
        Err(e) => respond(502, &text(e)),
    }
    Ok(())
}

fn request(method: &str, path: &str) -> http_req::Request {
    let request = http_req::Request::new().unwrap();
    request.set_method(method).unwrap();
    request.set_uri(&format!("http://origin.example{path}")).unwrap();
    request
}

pub fn fetch() -> Answer {
    let origin = backend::Backend::open("origin").map_err(text)?;
    let sent = request("POST", "/send");
    sent.set_cache_override(&http_req::CacheOverride::Override(http_req::CacheOverrideDetails {
        ttl: Some(10),
        stale_while_revalidate: None,
        pci: true,
        surrogate_key: Some("one two".to_string()),
        extra: None,
    }))
    .map_err(text)?;
    let (response, body) = http_req::send(sent, body_of(b"a body"), &origin).map_err(text)?;
    let kind = response.get_header_value("content-type", MANY).map_err(text)?.unwrap_or_default();
    Ok(format!(
        "status: {}\ntype: {}\nbody: {}\n",
        response.get_status().map_err(text)?,
        String::from_utf8_lossy(&kind),
        String::from_utf8_lossy(&read_all(&body)?),
    ))
}

pub fn refused() -> Answer {
    let refused = backend::Backend::open("refused").map_err(text)?;
    let failed = http_req::send(request("GET", "/"), body_of(b""), &refused);
    let pending = http_req::send_async(request("GET", "/"), body_of(b""), &refused).map_err(text)?;
    let later = http_req::await_response(pending);
    let nowhere = backend::Backend::open("nowhere");
    Ok(format!(
        "now: {:?}\nlater: {:?}\nnowhere: {:?}\n",
        failed.err().map(|e| e.detail.map(text)),
        later.err().map(|e| e.detail.map(text)),
        nowhere.err(),
    ))
}

pub fn dynamic() -> Answer {
    let options = backend::DynamicBackendOptions::new();
    options.override_host("other.example");
    options.connect_timeout(1000);
    options.first_byte_timeout(2000);
    options.between_bytes_timeout(3000);
    options.use_tls(false);
    options.pooling(false);
    options.tcp_keepalive_enable(1);
    let made = backend::register_dynamic_backend("made", "origin.example:8081", options).map_err(text)?;
    let twice = backend::register_dynamic_backend("made", "x", backend::DynamicBackendOptions::new());
    Ok(format!(
        "name: {}\ndynamic: {}\nhost: {}\noverride: {:?}\nport: {}\nconnect: {}\nfirst: {}\nbetween: {}\ntls: {}\ntwice: {:?}\n",
        made.get_name(),
        made.is_dynamic().map_err(text)?,
        made.get_host(MANY).map_err(text)?,
        made.get_override_host(MANY).map_err(text)?.map(|h| String::from_utf8_lossy(&h).into_owned()),
        made.get_port().map_err(text)?,
        made.get_connect_timeout_ms().map_err(text)?,
        made.get_first_byte_timeout_ms().map_err(text)?,
        made.get_between_bytes_timeout_ms().map_err(text)?,
        made.is_tls().map_err(text)?,
        twice.err(),
    ))
}

pub fn backends() -> Answer {
    let origin = backend::Backend::open("origin").map_err(text)?;
    Ok(format!(
        "health: {:?}\ndynamic: {}\nport: {}\noverride: {:?}\n",
        origin.is_healthy().map_err(text)?,
        origin.is_dynamic().map_err(text)?,
        origin.get_port().map_err(text)?,
        origin.get_override_host(MANY).map_err(text)?,
    ))
}

pub fn select() -> Answer {
    let origin = backend::Backend::open("origin").map_err(text)?;
    let other = backend::Backend::open("other").map_err(text)?;
    let slow = http_req::send_async(request("GET", "/slow"), body_of(b""), &origin).map_err(text)?;
    let fast = http_req::send_async(request("GET", "/fast"), body_of(b""), &other).map_err(text)?;
    let before = (slow.is_ready(), async_io::select_with_timeout(&[&slow, &fast], 0));
    let early = async_io::select_with_timeout(&[&slow, &fast], 10);
    let first = async_io::select(&[&slow, &fast]);
    let ready = async_io::Pollable::new_ready().is_ready();
    let (_, body) = http_req::await_response(fast).map_err(|e| text(e.error))?;
    let fast = read_all(&body)?;
    let (_, body) = http_req::await_response(slow).map_err(|e| text(e.error))?;
    Ok(format!(
        "before: {before:?}\nearly: {early:?}\nfirst: {first}\nready: {ready}\n{}\n{}\n",
        String::from_utf8_lossy(&fast),
        String::from_utf8_lossy(&read_all(&body)?),
    ))
}
