//! Where libbacklot is: BACKLOT_LIB_DIR says so, else pkg-config.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=BACKLOT_LIB_DIR");
    let folder = std::env::var("BACKLOT_LIB_DIR").unwrap_or_else(|_| {
        let out = Command::new("pkg-config").args(["--variable=libdir", "backlot"]).output();
        let out = out.expect("pkg-config tells where libbacklot is; or set BACKLOT_LIB_DIR");
        assert!(out.status.success(), "pkg-config does not know backlot; set BACKLOT_LIB_DIR");
        String::from_utf8(out.stdout).expect("a path is text").trim().to_owned()
    });
    println!("cargo:rustc-link-search=native={folder}");
    println!("cargo:rustc-link-lib=dylib=backlot");
    // Found again when the tests run, wherever it is. What it needs itself it finds beside it.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    println!("cargo:rustc-link-arg=-Wl,--allow-shlib-undefined");
}
