//! One entry of the race. `mudlark-bench race` builds this program for every entry, with one feature that chooses it, and
//! runs it once for every workload and round:
//!
//! ```text
//! ENTRY list                       the workloads, each with its marks: «counted», «long»
//! ENTRY WORKLOAD DIVISOR           runs one, at a part of its full size, and prints one line of JSON
//! ENTRY loop WORKLOAD DIVISOR      the same for the loop alone of a workload that is «counted»
//! ```

#[cfg(any(feature = "counted", feature = "gc-group"))]
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
#[cfg(any(feature = "counted", feature = "gc-group"))]
mod stack;
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

use crate::outcome::Outcome;
use crate::scale::Scale;
use crate::workload::Workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["list"] => {
            list();
            Ok(())
        }
        [name, divisor] => run(name, divisor, |workload| Some(workload.run)),
        ["loop", name, divisor] => run(name, divisor, |workload| workload.loop_alone),
        _ => Err("one to three arguments are expected"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}; usage: ENTRY list | WORKLOAD DIVISOR | loop WORKLOAD DIVISOR");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    for workload in WORKLOADS {
        let counted = if workload.loop_alone.is_some() { " counted" } else { "" };
        let long = if workload.long { " long" } else { "" };
        println!("{}{counted}{long}", workload.name);
    }
}

/// Runs what `part` takes of the workload of that name.
fn run(
    name: &str,
    divisor: &str,
    part: impl Fn(&Workload) -> Option<fn(Scale) -> Outcome>,
) -> Result<(), &'static str> {
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).ok_or("there is no such workload")?;
    let part = part(workload).ok_or("this workload's instructions are not counted")?;
    let divisor = divisor.parse().map_err(|_| "the divisor is a number above zero")?;
    println!("{}", report::line(workload.name, &part(Scale::new(divisor))));
    Ok(())
}
