//! Tests of a whole service by plain `cargo test`: a GraphQL cache in front of an origin that a closure is. They
//! share one base world, run in parallel, and none sees another.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use embed_backlot::{Answer, Base, Response, World};

const QUERY: &str = r#"{"query":"query { todos { id title __typename } }"}"#;
const MUTATION: &str = r#"{"query":"mutation { deleteTodo(id: 1) { id } }"}"#;
const TODOS: &str = r#"{"data":{"todos":[{"id":"1","title":"title1","__typename":"Todo"}]}}"#;
const DELETED: &str = r#"{"data":{"deleteTodo":{"id":"1","__typename":"Todo"}}}"#;

/// Opened once, and forked by each test.
fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let wasm = std::env::var("BACKLOT_TODO_WASM")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/guests/rust-todo.wasm").into());
        Base::open(&wasm, &[("todos", "https://todos.example")]).expect("the service opens")
    })
}

struct TestRunner {
    world: World,
    calls: Arc<AtomicU32>,
}

impl TestRunner {
    fn new() -> TestRunner {
        TestRunner { world: base().fork(), calls: Arc::default() }
    }

    /// One GraphQL request, which goes well to its end. Without an origin's answer, no origin may be asked.
    fn gql(&self, document: &str, origin: Option<&'static str>) -> Response {
        if let Some(answer) = origin {
            let calls = self.calls.clone();
            self.world.origin("todos", move |_| {
                calls.fetch_add(1, Ordering::Relaxed);
                Answer::Json(answer.to_owned())
            });
        }
        let response = self.world.fetch("POST", "/graphql", Some(document));
        response.check().expect("all goes well");
        response
    }
}

#[test]
fn fancy_test() {
    let test = TestRunner::new();
    // What the origin answers is the test's own.
    let response = test.gql(QUERY, Some(TODOS));
    assert_eq!(response.body(), TODOS);
    assert_eq!(response.header("x-cache").as_deref(), Some("MISS"));
    // The cache is carried from one request to the next.
    let response = test.gql(QUERY, None);
    assert_eq!(response.body(), TODOS);
    assert_eq!(response.header("x-cache").as_deref(), Some("HIT"));
    // Each response has its own logs. The service logs what is to be purged, and the test does it.
    let response = test.gql(MUTATION, Some(DELETED));
    assert_eq!(response.logs("purges"), [r#"{"purge":["todos"]}"#]);
    assert_eq!(response.logs("access"), [r#"{"operation":"mutation","status":200}"#]);
    assert_eq!(test.world.purge("todos"), 1);
    let response = test.gql(QUERY, Some(TODOS));
    assert_eq!(response.header("x-cache").as_deref(), Some("MISS"));
    assert_eq!(test.calls.load(Ordering::Relaxed), 3);
}

#[test]
fn what_is_cached_grows_old() {
    let test = TestRunner::new();
    test.gql(QUERY, Some(TODOS));
    test.world.advance(59);
    assert_eq!(test.gql(QUERY, None).header("x-cache").as_deref(), Some("HIT"));
    test.world.advance(2);
    assert_eq!(test.gql(QUERY, Some(TODOS)).header("x-cache").as_deref(), Some("MISS"));
}

#[test]
fn an_origin_may_be_down_or_broken() {
    let test = TestRunner::new();
    test.world.origin("todos", |_| Answer::Fault("connection_refused"));
    let response = test.world.fetch("POST", "/graphql", Some(QUERY));
    assert_eq!(response.status(), 502);
    assert_eq!(response.logs("errors").len(), 1);
}

#[test]
fn an_origin_that_nobody_is_fails_the_check() {
    let response = TestRunner::new().world.fetch("POST", "/graphql", Some(QUERY));
    let error = response.check().expect_err("nobody answers");
    assert!(error.0.contains("/graphql"), "{}", error.0);
}

#[test]
fn a_panic_behind_the_response_is_seen() {
    let response = TestRunner::new().world.fetch("GET", "/late", None);
    assert_eq!((response.status(), response.body().as_str()), (200, "all is well\n"));
    let error = response.check().expect_err("the service panicked");
    assert!(error.0.contains("crashed after its response"), "{}", error.0);
}

#[test]
fn tests_share_nothing_though_they_run_together() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..20 {
                    let test = TestRunner::new();
                    assert_eq!(test.gql(QUERY, Some(TODOS)).header("x-cache").as_deref(), Some("MISS"));
                    assert_eq!(test.gql(QUERY, None).header("x-cache").as_deref(), Some("HIT"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("all tests pass");
    }
}
