//! How a guest can end badly, one way a route.

use std::hint::black_box;

use fastly::http::StatusCode;
use fastly::Request;

use crate::support::{text, Answer, Outcome};

pub fn panic(_request: Request) -> Outcome {
    panic!("this guest panics on purpose");
}

pub fn panic_after_response(_request: Request) -> Outcome {
    text(StatusCode::OK, "sent before the panic".to_owned()).send_to_client();
    panic!("this guest panics after its response");
}

pub fn error(_request: Request) -> Outcome {
    Err("this guest fails on purpose".to_owned())
}

/// Ends without a response.
pub fn silent(_request: Request) -> Outcome {
    Ok(Answer::Sent)
}

/// `/exit/N`: exits with N, without a response; `?respond` sends one first.
pub fn exit(request: Request) -> Outcome {
    let code = request
        .get_path()
        .rsplit('/')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if request.get_query_str() == Some("respond") {
        text(StatusCode::OK, format!("exits with {code}")).send_to_client();
    }
    std::process::exit(code);
}

pub fn spin(_request: Request) -> Outcome {
    let mut count = 0u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

pub fn recurse(_request: Request) -> Outcome {
    #[inline(never)]
    #[allow(unconditional_recursion)]
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        black_box(deeper(depth + 1)) + frame[(depth % 64) as usize]
    }
    Err(format!("recursed {} times", deeper(0)))
}

/// Takes memory and touches it until there is no more; Rust then aborts.
pub fn grow(_request: Request) -> Outcome {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(black_box(vec![1; 1 << 20]));
    }
}
