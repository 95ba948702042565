//! One entry of the race. `mudlark-bench race` builds this program for every entry, with one feature that chooses it, and
//! runs it once for every workload and round:
//!
//! ```text
//! ENTRY list                  the workloads; a star marks those whose instructions can be counted
//! ENTRY WORKLOAD DIVISOR      runs one, at a part of its full size, and prints one line of JSON
//! ```

mod empty;
#[cfg_attr(feature = "region", expect(dead_code, reason = "a region's size is known"))]
mod memory;
#[cfg_attr(feature = "gc-group", expect(dead_code, reason = "CPython would be slow to mix checksums"))]
mod outcome;
#[cfg_attr(
    any(feature = "counted", feature = "gc-group"),
    expect(dead_code, reason = "objects have no sizes to choose")
)]
mod random;
mod report;
mod scale;
mod workload;

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "alloc")]
mod block;
#[cfg(feature = "counted")]
mod counted;
#[cfg(feature = "gc-group")]
mod gc;
#[cfg(feature = "region")]
mod region;

use std::env;
use std::process::ExitCode;

#[cfg(feature = "alloc")]
use alloc::WORKLOADS;
#[cfg(feature = "counted")]
use counted::WORKLOADS;
#[cfg(feature = "gc-group")]
use gc::WORKLOADS;
#[cfg(feature = "region")]
use region::WORKLOADS;

use crate::scale::Scale;
use crate::workload::Workload;

const EMPTY: Workload = Workload::counted_too("empty-loop", |scale| empty::run(scale.of(40_000_000)));

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["list"] => list(),
        [name, divisor] => return run(name, divisor),
        _ => return usage("one or two arguments are expected"),
    }
    ExitCode::SUCCESS
}

fn workloads() -> impl Iterator<Item = &'static Workload> {
    WORKLOADS.iter().chain([&EMPTY])
}

fn list() {
    for workload in workloads() {
        println!("{}{}", workload.name, if workload.instructions { " *" } else { "" });
    }
}

fn run(name: &str, divisor: &str) -> ExitCode {
    let Some(workload) = workloads().find(|workload| workload.name == name) else {
        return usage("there is no such workload");
    };
    let Ok(divisor) = divisor.parse() else {
        return usage("the divisor is a number above zero");
    };
    let outcome = (workload.run)(Scale::new(divisor));
    println!("{}", report::line(workload.name, &outcome));
    ExitCode::SUCCESS
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("{problem}; usage: ENTRY list | WORKLOAD DIVISOR");
    ExitCode::FAILURE
}
