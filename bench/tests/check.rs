//! The race's entries do the same work: `race --check` on some of them.
//!
//! Only on those that build in seconds, so that this can be part of every run of the tests: no C or C++ library, no large
//! dependencies. `mudlark-bench race --check` does it for all. Where the peers' sources cannot be had, without a network
//! for one, they are left out, and Mudlark's entries are held against std's alone.

use std::process::{Command, Output};

fn race(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark-bench"));
    command.arg("race").args(arguments).output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks `entries` of a group, and that at least `compared` were there to be compared.
fn agree(group: &str, entries: &str, compared: &[&str]) {
    let output = race(&["--check", "--only", group, "--entries", entries]);
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let line = said.lines().find(|line| line.starts_with(group)).expect("a line about the group");
    for entry in compared {
        assert!(line.contains(entry), "{entry} was left out: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn all_allocators_do_the_same_work() {
    agree("alloc", "mudlark,system,talc", &["mudlark", "system"]);
}

#[test]
fn all_heaps_are_asked_for_the_same() {
    agree("region", "mudlark,linked-list-allocator,rlsf", &["mudlark"]);
}

#[test]
fn all_counted_pointers_do_the_same_work() {
    agree("counted", "mudlark,std-rc,std-arc,rclite", &["mudlark", "std-rc", "std-arc"]);
}

#[test]
fn all_collectors_free_the_same_graphs() {
    agree("gc", "mudlark,bacon-rajan-cc,cpython", &["mudlark"]);
}

#[test]
fn an_unknown_entry_gets_a_list_of_the_known() {
    let output = race(&["--entries", "mudlark,nobody"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no entry named nobody") && said.contains("jemalloc"), "{said}");
}

#[test]
fn an_unknown_workload_gets_a_list_of_the_known() {
    let output = race(&["--check", "--only", "counted", "--entries", "mudlark", "--workloads", "nothing"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a workload named nothing") && said.contains("deref-walk"), "{said}");
}

#[test]
fn an_entry_of_another_group_is_refused() {
    assert!(!race(&["--check", "--only", "gc", "--entries", "mimalloc"]).status.success());
}

#[test]
fn fewer_than_seven_runs_are_refused() {
    assert!(!race(&["--runs", "3"]).status.success());
}

#[test]
fn an_entry_that_does_not_build_is_left_out_and_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudlark-bench"));
    // A cargo that builds nothing, and a path without a python3.
    command.env("CARGO", "no-such-cargo").env("PATH", "/nowhere");
    let output = command.args(["race", "--check", "--only", "gc", "--entries", "mudlark,cpython"]).output();
    let said = String::from_utf8_lossy(&output.expect("the program runs").stderr).into_owned();
    assert!(said.contains("left out: mudlark (gc)") && said.contains("left out: cpython (gc)"), "{said}");
}
