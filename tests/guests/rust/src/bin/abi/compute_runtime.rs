//! `/runtime`: what the guest can learn about its own run.

use fastly::compute_runtime as runtime;
use fastly::Request;

use crate::support::{check, ok, Expect, Outcome};

pub fn runtime(_request: Request) -> Outcome {
    let before = runtime::elapsed_vcpu_ms().expect_that("vcpu time")?;
    let mut sum = 0u64;
    for i in 0..1_000_000u64 {
        sum = std::hint::black_box(sum.wrapping_add(i * i));
    }
    let after = runtime::elapsed_vcpu_ms().expect_that("vcpu time")?;
    check!(
        after >= before,
        "vcpu time runs backwards: {before}, then {after}"
    );
    let heap = runtime::heap_memory_snapshot_mib().expect_that("heap")?;
    check!((1..=128).contains(&heap), "a heap of {heap} MiB");
    let products = runtime::products().expect_that("products")?;
    // The times differ from run to run, so the report leaves them out.
    ok(format!(
        "hostname: {}\npop: {}\nregion: {}\nservice: {} {}\ncustomer: {}\nstaging: {}\ncache generation: {}\nimage optimizer: {}\ndomain inspector: {}\norigin inspector: {}",
        runtime::hostname(),
        runtime::pop(),
        runtime::region(),
        runtime::service_id(),
        runtime::service_version(),
        runtime::customer_id(),
        runtime::is_staging(),
        runtime::cache_generation(),
        products.image_optimizer,
        products.domain_inspector,
        products.origin_inspector,
    ))
}
