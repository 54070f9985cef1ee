//! `/send`, `/backend-address`, `/send-error`, `/send-gzip`, `/cache-override`, `/late-send`: one backend request at a
//! time, waited for.

use fastly::http::request::SendErrorCause;
use fastly::http::{HeaderValue, Method, StatusCode};
use fastly::{Request, Response};

use crate::support::{check, check_eq, ok, text, Answer, Expect, Outcome};

/// What came back, for the test to compare with what its origin said.
pub fn describe(mut response: Response) -> String {
    let status = response.get_status().as_u16();
    let kind = response
        .get_header_str("content-type")
        .unwrap_or("none")
        .to_owned();
    let many: Vec<String> = response
        .get_header_all_str("x-many")
        .iter()
        .map(|v| v.to_string())
        .collect();
    format!(
        "backend: {}\nstatus: {status}\ncontent-type: {kind}\nx-many: {}\nbody: {}",
        response.get_backend_name().unwrap_or("none").to_owned(),
        many.join("|"),
        response.take_body_str_lossy()
    )
}

/// `?path=/p` and `?method=M` say what to ask the origin for; the body is passed on.
pub fn send(mut request: Request) -> Outcome {
    let path = request.get_query_parameter("path").unwrap_or("/send").to_owned();
    let method = request.get_query_parameter("method").unwrap_or("POST").to_owned();
    let method = Method::from_bytes(method.as_bytes()).expect_that("the method asked for")?;
    let response = Request::new(method, format!("http://origin.example{path}"))
        .with_header("x-guest", "rust")
        .with_header("x-many", "1")
        .with_pass(true)
        .with_body(request.take_body())
        .send("origin")
        .expect_that("sending to origin")?;
    check_eq!("the backend's name", response.get_backend_name(), Some("origin"));
    let sent = response
        .get_backend_request()
        .expect_that("the request as it was sent")?;
    check_eq!(
        "the request as it was sent",
        sent.get_path(),
        path.split('?').next().unwrap_or("/")
    );
    check!(
        response.is_from_backend(),
        "the response does not come from a backend"
    );
    ok(describe(response))
}

/// Which address has answered.
pub fn address(_request: Request) -> Outcome {
    let response = Request::get("http://origin.example/")
        .with_pass(true)
        .send("origin")
        .expect_that("sending")?;
    let address = response.get_backend_addr();
    ok(address.map_or("none".to_owned(), |address| address.to_string()))
}

/// A backend that does not exist and one that refuses the connection; `?path=` adds what `origin`
/// does with that path, for origins that stall, reset or lie.
pub fn error(request: Request) -> Outcome {
    let path = request.get_query_parameter("path").map(str::to_owned);
    let mut report = Vec::new();
    for backend in ["nowhere", "refused"] {
        let error = match Request::get("http://origin.example/")
            .with_pass(true)
            .send(backend)
        {
            Ok(response) => return Err(format!("{backend} answered {}", response.get_status())),
            Err(error) => error,
        };
        check_eq!("the backend's name in the error", error.backend_name(), backend);
        report.push(format!("{backend}: {:?}", error.root_cause()));
    }
    if let Some(path) = path {
        let sent = Request::get(format!("http://origin.example{path}"))
            .with_pass(true)
            .send("origin");
        report.push(match sent {
            Err(error) => format!("origin: {:?}", error.root_cause()),
            // The status came, so what is wrong can only be in the body.
            Ok(mut response) => {
                let mut bytes = 0;
                let mut broken = None;
                for chunk in response.read_body_chunks(4096) {
                    match chunk {
                        Ok(chunk) => bytes += chunk.len(),
                        Err(error) => {
                            broken = Some(error.to_string());
                            break;
                        }
                    }
                }
                format!(
                    "origin: {} with {bytes} bytes, {broken:?}",
                    response.get_status().as_u16()
                )
            }
        });
    }
    ok(report.join("\n"))
}

/// The origin answers with gzip, the host unpacks it.
pub fn gzip(_request: Request) -> Outcome {
    let mut response = Request::get("http://origin.example/gzip")
        .with_auto_decompress_gzip(true)
        .with_pass(true)
        .send("origin")
        .expect_that("sending to origin")?;
    check_eq!(
        "content-encoding",
        response.get_header_str("content-encoding"),
        None
    );
    ok(format!("body: {}", response.take_body_str()))
}

/// All that a guest can say about caching before it sends; what comes back is the origin's word.
pub fn cache_override(_request: Request) -> Outcome {
    let to = |path: &str| Request::get(format!("http://origin.example/{path}"));
    let requests = [
        to("pass").with_pass(true),
        to("ttl").with_ttl(60),
        to("stale").with_ttl(1).with_stale_while_revalidate(30),
        to("pci").with_pci(true),
        to("key").with_surrogate_key(HeaderValue::from_static("one two")),
        to("timeout").with_lookup_timeout(std::time::Duration::from_millis(100)),
    ];
    let mut report = Vec::new();
    for request in requests {
        let path = request.get_path().to_owned();
        let response = request.send("origin").expect_that(&path)?;
        let key = response
            .get_header_str("surrogate-key")
            .unwrap_or("none")
            .to_owned();
        report.push(format!("{path}: {} {key}", response.get_status().as_u16()));
    }
    ok(report.join("\n"))
}

/// The client has its answer; what the guest does after it must still happen and be seen.
pub fn late(_request: Request) -> Outcome {
    text(StatusCode::ACCEPTED, "accepted".to_owned()).send_to_client();
    let result = Request::post("http://origin.example/late")
        .with_body("late")
        .with_pass(true)
        .send("origin");
    let line = match &result {
        Ok(response) => format!("late: {}", response.get_status().as_u16()),
        Err(error) => match error.root_cause() {
            SendErrorCause::ConnectionRefused => "late: refused".to_owned(),
            cause => format!("late: {cause:?}"),
        },
    };
    crate::log::write("late", &line);
    Ok(Answer::Sent)
}
