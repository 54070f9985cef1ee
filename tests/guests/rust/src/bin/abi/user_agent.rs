//! `/user-agent`: has a User-Agent taken apart, by the call that no SDK wraps any more.

#![allow(deprecated)]

use fastly::Request;
use fastly_sys::fastly_uap::parse;

use crate::support::{ok, Expect, Outcome};

pub fn user_agent(request: Request) -> Outcome {
    let agent = request.get_header_str("user-agent").unwrap_or("");
    let mut parts = [[0u8; 64]; 4];
    let mut lengths = [0usize; 4];
    let [family, major, minor, patch] = &mut parts;
    let [family_len, major_len, minor_len, patch_len] = &mut lengths;
    unsafe {
        parse(
            agent.as_ptr(),
            agent.len(),
            family.as_mut_ptr(),
            family.len(),
            family_len,
            major.as_mut_ptr(),
            major.len(),
            major_len,
            minor.as_mut_ptr(),
            minor.len(),
            minor_len,
            patch.as_mut_ptr(),
            patch.len(),
            patch_len,
        )
    }
    .result()
    .expect_that("parse")?;
    let part = |i: usize| String::from_utf8_lossy(&parts[i][..lengths[i]]).into_owned();
    ok(format!("{}: {} {} {}", part(0), part(1), part(2), part(3)))
}
