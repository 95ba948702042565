//! A program records itself, and the tool tells its own story back: functions, lines, types, tags and threads, to the byte.

use std::alloc::System;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;

use mudlark_inspect::{Profiled, Profiler, scope};

#[global_allocator]
static ALLOCATOR: Profiled<System> = Profiled::new(System);

/// 48 bytes that no one else asks for.
#[derive(Clone, Copy)]
struct Point(#[expect(dead_code, reason = "it is only to be large")] [u64; 6]);

const POINTS: usize = 1000;

#[inline(never)]
fn leak_points() -> Vec<Box<Point>> {
    let mut points = Vec::with_capacity(POINTS);
    for n in 0..POINTS {
        points.push(Box::new(Point([n as u64; 6])));
    }
    points
}

#[inline(never)]
fn make_temporary_texts() {
    scope!("texts");
    for n in 0..100 {
        black_box("x".repeat(1000 + n));
    }
}

#[inline(never)]
fn grow_in_a_thread() {
    let thread = std::thread::Builder::new().name("grower".to_owned());
    let grown = thread.spawn(|| {
        let mut numbers: Vec<u128> = Vec::new();
        numbers.extend(0..5000);
        black_box(numbers.len())
    });
    grown.expect("a thread starts").join().expect("it does not panic");
}

/// Records all of the above once; the log is whole when this returns.
fn record() -> PathBuf {
    let file = std::env::temp_dir().join(format!("mudlark-tool-{}.mmt", std::process::id()));
    let profile = Profiler::builder().interval(1).stats_period(None).start(&file).expect("a recording begins");
    let points = leak_points();
    make_temporary_texts();
    grow_in_a_thread();
    drop(profile);
    drop(points);
    file
}

fn mudlark(log: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mudlark"))
        .args(&arguments[..1])
        .arg(log)
        .args(&arguments[1..])
        .output()
        .expect("the tool starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The first line of a table whose name is this one; its cells.
fn row(table: &str, name: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("no {name} in:\n{table}"));
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.map(str::to_owned).collect()
}

#[test]
fn the_log_of_a_real_program_names_its_functions_lines_types_tags_and_threads() {
    let log = record();
    for arguments in [
        &["stats"][..],
        &["table"],
        &["table", "--by", "line"],
        &["table", "--by", "type"],
        &["table", "--by", "tag"],
        &["table", "--by", "thread"],
        &["leaks"],
        &["temporary"],
    ] {
        println!("{}", mudlark(&log, arguments));
    }
    std::fs::remove_file(log).expect("the log is ours");
}
