//! What `programs` refuses before anything is built. To build the programs takes minutes, so no test does.

use std::process::{Command, Output};

fn programs(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark-bench"));
    command.arg("programs").args(arguments).env("CARGO", "no-such-cargo").output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_unknown_allocator_gets_a_list_of_the_known() {
    let output = programs(&["--allocators", "mudlark,nobody"]);
    let said = stderr(&output);
    assert!(!output.status.success());
    assert!(said.contains("no entry named nobody") && said.contains("jemalloc"), "{said}");
    assert!(!said.contains("gc-arena"), "{said}");
}

#[test]
fn the_system_s_malloc_is_always_among_them() {
    let said = stderr(&programs(&["--allocators", "mimalloc"]));
    assert!(said.contains("left out: system") && said.contains("left out: mimalloc"), "{said}");
    assert!(!said.contains("left out: mudlark"), "{said}");
}

#[test]
fn a_race_of_nobody_fails() {
    let output = programs(&["--allocators", "mudlark"]);
    assert!(!output.status.success(), "{}", stderr(&output));
}

#[test]
fn fewer_than_three_runs_are_refused() {
    assert!(!programs(&["--runs", "2"]).status.success());
}
