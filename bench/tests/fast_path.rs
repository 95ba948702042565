//! A request and a free of constant size are a few instructions each: `fast-path` fails when they are more.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::process::Command;

#[test]
fn a_request_and_a_free_hit_in_a_few_instructions() {
    let output = Command::new(env!("CARGO_BIN_EXE_mudlark-bench")).arg("fast-path").output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("on the hit path").count(), 2, "{said}");
}
