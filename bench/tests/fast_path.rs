//! A request and a free of constant size are a few instructions each: `fast-path` fails when they are more.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::process::Command;

#[test]
fn a_request_and_a_free_hit_in_a_few_instructions() {
    let output = Command::new(env!("CARGO_BIN_EXE_mudlark-bench")).arg("fast-path").output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("on the hit path").count(), 6, "{said}");
    assert_eq!(operations(&said, "fast-path,"), operations(&said, "fast-path-hooked,"), "{said}");
}

/// The operations of a program's functions, in their order.
fn operations<'a>(said: &'a str, program: &str) -> Vec<&'a str> {
    let functions = said.split("\n\nfast-path").map(|text| text.strip_prefix("fast-path").unwrap_or(text));
    let own = program.strip_prefix("fast-path").expect("all programs begin so");
    let listings = functions.filter(|text| text.starts_with(own));
    let operation =
        |line: &'a str| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).split_whitespace().next();
    let operations: Vec<&str> = listings.flat_map(|text| text.lines().skip(1).filter_map(operation)).collect();
    assert!(operations.len() > 10, "{operations:?}");
    operations
}
