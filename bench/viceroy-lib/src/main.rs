// SPDX-License-Identifier: Apache-2.0
//! 200 tests of four invocations each over viceroy-lib, as a program of one's own would run them: one guest, compiled once, an
//! origin on loopback, and logs in memory, which are everybody's.
//!
//!     bench-viceroy-lib GUEST.wasm PATH ORIGIN_PORT TESTS REQUESTS

use std::collections::HashSet;
use std::io::Write;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use hyper::{Body, Request};
use viceroy_lib::config::{FastlyConfig, UnknownImportBehavior};
use viceroy_lib::{ExecuteCtx, ProfilingConfig, WasmFeatures};

#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn test(ctx: Arc<ExecuteCtx>, path: String, requests: usize) {
    let (local, remote) = ("127.0.0.1:80".parse().unwrap(), "127.0.0.1:0".parse().unwrap());
    for n in 0..requests {
        let request = Request::get(format!("http://shop.example{path}?n={n}")).body(Body::empty()).unwrap();
        let (response, error) = ctx.clone().handle_request(request, local, remote).await.unwrap();
        assert!(error.is_none());
        assert_eq!(response.status().as_u16(), 200);
        assert!(!response.into_body().read_into_vec().await.unwrap().is_empty());
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, guest, path, port, tests, requests] = &arguments[..] else {
        eprintln!("usage: bench-viceroy-lib GUEST.wasm PATH ORIGIN_PORT TESTS REQUESTS");
        std::process::exit(2);
    };
    let manifest = format!(
        "manifest_version = 3\nname = \"bench\"\nlanguage = \"other\"\n[local_server.backends.origin]\nurl = \"http://127.0.0.1:{port}\"\n"
    );
    let (tests, requests): (usize, usize) = (tests.parse().unwrap(), requests.parse().unwrap());
    let logs = Logs::default();
    let ctx = ExecuteCtx::build(
        guest,
        ProfilingConfig::None,
        HashSet::new(),
        UnknownImportBehavior::LinkError,
        false,
        WasmFeatures::default(),
    )
    .unwrap()
    .with_backends(FastlyConfig::from_str(&manifest).unwrap().backends().clone())
    .with_capture_logs(Arc::new(Mutex::new(logs.clone())))
    .finish()
    .unwrap();
    let all: Vec<_> = (0..tests).map(|_| tokio::spawn(test(ctx.clone(), path.clone(), requests))).collect();
    for one in all {
        one.await.unwrap();
    }
    let lines = logs.0.lock().unwrap().iter().filter(|&&byte| byte == b'\n').count();
    assert!(lines >= tests * requests, "{lines} lines were logged");
}
