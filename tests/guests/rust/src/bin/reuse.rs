//! Several requests in one sandbox, by the SDK's `Serve`: up to eight, as long as the memory stays below
//! 64 MiB and the next request comes within five seconds. What a request is about stands in its path.

use std::time::Duration;

use fastly::handle::BodyHandle;
use fastly::http::serve::{NextRequestError, NextRequestOptions, RequestPromise, Serve};
use fastly::{Error, Request, Response};

#[derive(Default)]
struct Kept {
    requests: u32,
    bodies: Vec<BodyHandle>,
    memory: Vec<Vec<u8>>,
}

fn log(message: &str) {
    fastly::log::Endpoint::from_name("reuse").write_str(message);
}

trait WriteStr {
    fn write_str(&mut self, s: &str);
}

impl WriteStr for fastly::log::Endpoint {
    fn write_str(&mut self, s: &str) {
        use std::io::Write;
        self.write_all(s.as_bytes()).expect("logging");
    }
}

/// Tries what a guest should not do, and says what came of it.
fn misuse(what: &str) -> String {
    let options = NextRequestOptions::from_timeout(Duration::from_secs(1));
    let promise = RequestPromise::new(&options).expect("a promise");
    match what {
        "twice" => format!("{:?}", RequestPromise::new(&options).err()),
        "early" => match promise.wait() {
            Err(NextRequestError::OutstandingResponse) => "outstanding".to_owned(),
            other => format!("{other:?}"),
        },
        "poll" => match promise.wait_timeout(Duration::ZERO) {
            Err(NextRequestError::Timeout(_)) => "not yet".to_owned(),
            other => format!("{other:?}"),
        },
        _ => {
            drop(promise);
            "abandoned".to_owned()
        }
    }
}

fn handle(request: Request, kept: &mut Kept) -> Result<(), Error> {
    kept.requests += 1;
    let n = kept.requests;
    log(&format!("request {n}: {}", request.get_path()));
    let answer = |text: String| Response::from_body(text).send_to_client();
    match request.get_path() {
        "/trap" => std::process::abort(),
        "/exit" => std::process::exit(3),
        "/error" => return Err(Error::msg("this one went wrong")),
        "/spin" => loop {
            std::hint::black_box(n);
        },
        "/sleep" => {
            std::thread::sleep(Duration::from_secs(500));
            answer(format!("slept {n}"));
        }
        "/hold" => {
            kept.bodies.extend((0..10_000).map(|_| BodyHandle::new()));
            answer(format!("held {}", kept.bodies.len()));
        }
        "/grow" => {
            kept.memory.push(vec![1; 80 << 20]);
            answer(format!("grown {n}"));
        }
        "/after" => {
            answer(format!("before {n}"));
            std::thread::sleep(Duration::from_secs(1));
            log(&format!("after {n}"));
        }
        "/streaming" => {
            let mut body = Response::new().stream_to_client();
            use std::io::Write;
            write!(body, "streamed {n}")?;
            body.finish()?;
        }
        "/who" => answer(format!(
            "{n} {:?} {}",
            request.get_client_ip_addr(),
            request.get_client_request_id().unwrap_or("")
        )),
        path if path.starts_with("/misuse/") => answer(misuse(&path["/misuse/".len()..])),
        _ => answer(format!("request {n}: {}", request.into_body_str())),
    }
    Ok(())
}

fn main() {
    let mut kept = Kept::default();
    let summary = Serve::new()
        .with_max_requests(8)
        .with_max_memory(64)
        .with_timeout(Duration::from_secs(5))
        .run_with_context(handle, &mut kept);
    log(&format!("end after {}", summary.requests()));
    if kept.requests == 7 {
        // The one that is told that there are no more, and goes on for ever.
        loop {
            std::thread::sleep(Duration::from_secs(60));
        }
    }
}
