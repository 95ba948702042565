//! Instruction counts: exact, where times are not. Callgrind counts what a whole run executes; two runs of different
//! length tell what an operation costs, and the cost of the loop alone, without the thing that is measured, is taken off.
//!
//! ```text
//!   (long − short) / (operations in long − operations in short)  −  the same of the loop alone
//! ```

use core::time::Duration;
use std::collections::BTreeMap;
use std::process::Command;

use crate::builder::{Field, Starter};
use crate::child::{self, Listed, Mishap, Program};
use crate::cli::RaceArgs;
use crate::group::Group;
use crate::measurement::Measurement;
use crate::progress::Progress;
use crate::quantity::Quantity;
use crate::results::{Cell, Results, Row};

const SHORT_DIVISOR: usize = 400;
const LONG_DIVISOR: usize = 200;
const LIMIT: Duration = Duration::from_secs(120);

/// Callgrind, without a file of its own for every run.
const CALLGRIND: [&str; 3] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];

/// Counts the instructions of every workload that is fit for it. Where there is no valgrind, it says what to do.
pub(crate) fn run(field: &Field, args: &RaceArgs) -> Vec<Results> {
    if !valgrind_is_here() {
        eprintln!(
            "instructions: there is no valgrind here; install valgrind (Debian and Ubuntu: apt install valgrind)"
        );
        return Vec::new();
    }
    Group::TIMED.into_iter().map(|group| count_group(field, group, args)).collect()
}

fn valgrind_is_here() -> bool {
    Command::new(CALLGRIND[0]).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn count_group(field: &Field, group: Group, args: &RaceArgs) -> Results {
    let native = |starter: &&Starter| group.runs(&starter.entry) && starter.entry.is_native();
    let starters: Vec<&Starter> = field.starters.iter().filter(native).collect();
    let workloads = workloads(&starters, args);
    let mut progress = Progress::new(starters.len() * workloads.len());
    let rows = workloads.into_iter().map(|workload| {
        let cells = starters.iter().map(|starter| {
            progress.step(&format!("counting instructions of {}, {workload}", starter.entry.feature()));
            cell(without_loop(&starter.program, &workload))
        });
        Row { cells: cells.collect(), workload }
    });
    let rows = rows.collect();
    progress.finish();
    Results { group, entries: starters.iter().map(|starter| starter.entry.name.to_owned()).collect(), rows }
}

/// The workloads of a group that are fit for counting; all its entries have the same.
fn workloads(starters: &[&Starter], args: &RaceArgs) -> Vec<String> {
    let listed: Vec<Listed> = starters.first().map(|starter| starter.program.list()).unwrap_or_default();
    let fit = listed.into_iter().filter(|listed| listed.counted && args.wants(listed));
    fit.map(|listed| listed.name).collect()
}

fn cell(instructions: Result<f64, Mishap>) -> Cell {
    match instructions {
        Ok(count) => {
            let figures = BTreeMap::from([(Quantity::Instructions, count)]);
            Cell { runs: vec![Measurement { operations: 1.0, checksum: String::new(), figures }], ..Cell::default() }
        }
        Err(mishap) => Cell { mishap: Some(mishap), ..Cell::default() },
    }
}

/// Instructions an operation, less those of the loop, to a tenth. A copy may come out cheaper than the empty loop, which
/// goes by way of memory: then it costs nothing.
fn without_loop(program: &Program, workload: &str) -> Result<f64, Mishap> {
    let instructions = slope(program, &[workload])? - slope(program, &["loop", workload])?;
    Ok((instructions.max(0.0) * 10.0).round() / 10.0)
}

/// Instructions an operation of what the program is told to do.
fn slope(program: &Program, told: &[&str]) -> Result<f64, Mishap> {
    let (short, few) = count(program, told, SHORT_DIVISOR)?;
    let (long, many) = count(program, told, LONG_DIVISOR)?;
    Ok((long - short) / (many - few))
}

/// Instructions and operations of one run.
fn count(program: &Program, told: &[&str], divisor: usize) -> Result<(f64, f64), Mishap> {
    let mut command = program.command(&CALLGRIND);
    let finished = child::run(command.args(told).arg(divisor.to_string()), LIMIT)?;
    let instructions = collected(&finished.stderr).ok_or_else(|| Mishap::Failed("callgrind counted nothing".into()))?;
    let line = finished.stdout.lines().next_back().unwrap_or_default();
    let run = Measurement::parse(line).ok_or_else(|| Mishap::Failed(format!("printed: {line}")))?;
    Ok((instructions, run.operations))
}

/// The number in callgrind's line «==1234== Collected : 5678».
fn collected(stderr: &str) -> Option<f64> {
    let line = stderr.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn callgrind_s_count_is_found() {
        let stderr = "==7== Callgrind\n==7== \n==7== Events    : Ir\n==7== Collected : 192837\n==7== \n";
        assert_eq!(collected(stderr), Some(192_837.0));
        assert_eq!(collected("==7== killed"), None);
    }
}
