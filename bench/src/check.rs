//! The check: do all entries do the same work? A moment of every workload, and the checksums are compared.

use core::time::Duration;
use std::process::ExitCode;

use crate::builder::Field;
use crate::child::Mishap;
use crate::cli::RaceArgs;
use crate::group::Group;
use crate::race::{Pace, race};
use crate::results::{Results, Row};

/// A moment. What a workload holds at a time is not made smaller, so it is not quite a thousandth.
const MOMENT: Pace = Pace { divisor: 1000, runs: 1, limit: Duration::from_secs(60) };

/// Checks every group; fails when any two entries disagree, or one cannot do its work.
pub(crate) fn run(field: &Field, args: &RaceArgs) -> ExitCode {
    let timed_groups = args.groups().filter(|&group| group != Group::Instructions);
    let results: Vec<Results> =
        timed_groups.map(|group| race(field, group, |listed| args.wants(listed), MOMENT)).collect();
    let mut code = ExitCode::SUCCESS;
    for results in results.iter().filter(|results| results.has_workloads()) {
        println!("{}: {} workloads by {}", results.group, results.rows.len(), results.entries.join(", "));
        for problem in results.rows.iter().flat_map(|row| problems(results, row)) {
            println!("  {problem}");
            code = ExitCode::FAILURE;
        }
    }
    if !results.iter().any(Results::has_workloads) {
        println!("there is nothing to check");
        code = ExitCode::FAILURE;
    }
    code
}

/// What is wrong with a workload: checksums, and the entries that came to no end.
fn problems(results: &Results, row: &Row) -> Vec<String> {
    let mut problems = Vec::new();
    if !row.checksums_agree() {
        let of_entry = |(name, cell): (&String, &crate::results::Cell)| {
            cell.runs.first().map(|run| format!("{name} {}", run.checksum))
        };
        let checksums: Vec<String> = results.entries.iter().zip(&row.cells).filter_map(of_entry).collect();
        problems.push(format!("{}: the checksums differ: {}", row.workload, checksums.join(", ")));
    }
    for (name, cell) in results.entries.iter().zip(&row.cells) {
        match &cell.mishap {
            Some(Mishap::Failed(reason)) => problems.push(format!("{}: {name} fails: {reason}", row.workload)),
            Some(mishap) => problems.push(format!("{}: {name}: {mishap}", row.workload)),
            None => {}
        }
    }
    problems
}
