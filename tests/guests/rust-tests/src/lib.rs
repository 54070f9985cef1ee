//! What a project's own tests look like, good ones and bad ones: run by `cargo test` with Backlot as the runner.
//! Those in `bad` do what a test must not; everything else passes.

use fastly::kv_store::KVStore;
use fastly::{ConfigStore, Request};

/// The name of the visitor that a request greets.
pub fn visitor(request: &Request) -> String {
    request
        .get_query_parameter("name")
        .map_or_else(greeting, str::to_owned)
}

pub fn greeting() -> String {
    ConfigStore::open("settings")
        .get("greeting")
        .unwrap_or_else(|| "nobody".to_owned())
}

/// Counts a visit and says how many there were.
pub fn count_visit(name: &str) -> u32 {
    let mut visits = KVStore::open("visits").unwrap().unwrap();
    let count = match visits.lookup(name) {
        Ok(mut found) => found.take_body().into_string().parse().unwrap(),
        Err(_) => 0,
    } + 1;
    visits.insert(name, count.to_string()).unwrap();
    count
}

pub fn divide(a: u32, b: u32) -> u32 {
    assert!(b != 0, "division of {a} by nothing");
    a / b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides() {
        assert_eq!(divide(6, 3), 2);
    }

    #[test]
    fn prints() {
        println!("a line on stdout");
        eprintln!("a line on stderr");
        print!("no end of line");
    }

    #[test]
    fn prints_what_looks_like_a_result() {
        print!("ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n\nFAILED\n\nfailures:\n");
    }

    #[test]
    #[should_panic]
    fn should_panic() {
        divide(1, std::hint::black_box(0));
    }

    #[test]
    #[should_panic(expected = "division of 1 by")]
    fn should_panic_with_a_message() {
        divide(1, std::hint::black_box(0));
    }

    #[test]
    #[ignore]
    fn ignored() {}

    #[test]
    #[ignore = "takes \"long\""]
    fn ignored_with_a_reason() {}

    #[test]
    #[ignore = "panics"]
    #[should_panic(expected = "division")]
    fn ignored_and_should_panic() {
        divide(1, std::hint::black_box(0));
    }

    #[test]
    fn returns_a_result() -> Result<(), std::num::ParseIntError> {
        "5".parse::<u8>().map(|_| ())
    }

    #[test]
    fn takes_the_dummy_request() {
        let request = Request::from_client();
        assert_eq!(request.get_method_str(), "GET");
        assert_eq!(request.get_url_str(), "http://example.com/");
        assert_eq!(visitor(&request), "the world");
    }

    #[test]
    fn counts_the_first_visit() {
        assert_eq!(count_visit("ann"), 1);
        assert_eq!(count_visit("ann"), 2);
    }

    // Each of the two would fail if it saw what the other one writes.
    #[test]
    fn counts_the_first_visit_again() {
        assert_eq!(count_visit("ann"), 1);
    }

    #[test]
    fn logs() {
        use std::io::Write;
        writeln!(fastly::log::Endpoint::from_name("visits"), "logged by a test").unwrap();
    }

    #[test]
    fn sees_no_environment_of_the_host() {
        assert_eq!(std::env::var("FASTLY_HOSTNAME").unwrap(), "localhost");
        assert!(std::env::var("PATH").is_err());
    }
}

#[cfg(test)]
mod bad {
    use super::*;

    #[test]
    fn fails() {
        println!("before it fails");
        assert_eq!(divide(6, 3), 3, "the wrong number");
    }

    #[test]
    #[should_panic]
    fn does_not_panic() {}

    #[test]
    #[should_panic(expected = "something else")]
    fn panics_with_another_message() {
        divide(1, std::hint::black_box(0));
    }

    #[test]
    #[should_panic]
    fn traps_where_it_should_panic() {
        core::arch::wasm32::unreachable();
    }

    #[test]
    fn returns_an_error() -> Result<(), String> {
        Err("returned by the test".to_owned())
    }

    #[test]
    fn exits_well() {
        std::process::exit(0);
    }

    #[test]
    fn exits() {
        std::process::exit(3);
    }

    #[test]
    fn traps() {
        core::arch::wasm32::unreachable();
    }

    #[test]
    fn recurses() {
        fn deeper(n: u64) -> u64 {
            if std::hint::black_box(n) == u64::MAX {
                0
            } else {
                deeper(n + 1) + std::hint::black_box(1)
            }
        }
        assert_eq!(deeper(0), 1);
    }

    #[test]
    fn fills_the_memory() {
        let mut all = Vec::new();
        loop {
            all.push(vec![1u8; 1 << 20]);
        }
    }

    #[test]
    fn floods() {
        let line = "x".repeat(1 << 20);
        for _ in 0..16 {
            println!("{line}");
        }
        panic!("after the flood");
    }

    #[test]
    fn loops_for_ever() {
        println!("before the loop");
        let mut n = 0u64;
        while std::hint::black_box(true) {
            n = std::hint::black_box(n + 1);
        }
    }

    #[test]
    fn sleeps_for_ever() {
        println!("before the sleep");
        std::thread::sleep(std::time::Duration::from_secs(1 << 20));
    }
}
