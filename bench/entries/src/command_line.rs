//! What the program is told, and how it answers:
//!
//! ```text
//! ENTRY list                       the workloads, each with its marks: «counted», «long»
//! ENTRY WORKLOAD DIVISOR           runs one, at a part of its full size, and prints one line of JSON
//! ENTRY loop WORKLOAD DIVISOR      the same for the loop alone of a workload that is «counted»
//! ```

use std::env;
use std::process::ExitCode;

use crate::outcome::Outcome;
use crate::report;
use crate::scale::Scale;
use crate::workload::Workload;

/// Does what the arguments say, with one of `workloads`.
pub(crate) fn run(workloads: &[Workload]) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["list"] => {
            list(workloads);
            Ok(())
        }
        [name, divisor] => run_one(workloads, name, divisor, |workload| Some(workload.run)),
        ["loop", name, divisor] => run_one(workloads, name, divisor, |workload| workload.loop_alone),
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

fn list(workloads: &[Workload]) {
    for workload in workloads {
        let counted = if workload.loop_alone.is_some() { " counted" } else { "" };
        let long = if workload.long { " long" } else { "" };
        println!("{}{counted}{long}", workload.name);
    }
}

/// Runs what `part` takes of the workload of that name.
fn run_one(
    workloads: &[Workload],
    name: &str,
    divisor: &str,
    part: impl Fn(&Workload) -> Option<fn(Scale) -> Outcome>,
) -> Result<(), &'static str> {
    let workload = workloads.iter().find(|workload| workload.name == name).ok_or("there is no such workload")?;
    let part = part(workload).ok_or("this workload's instructions are not counted")?;
    let divisor = divisor.parse().map_err(|_| "the divisor is a number above zero")?;
    println!("{}", report::line(workload.name, &part(Scale::new(divisor))));
    Ok(())
}
