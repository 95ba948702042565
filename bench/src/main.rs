//! The race: Mudlark beside its peers, on the same work, in one run.
//!
//! ```text
//!   Plan ── what to run          builder ── a program for every entry
//!                                  │
//!   race ── A B C A B C …  ──▶  child ── one run: a line of JSON
//!     │
//!   Results ──▶ table, json, plot
//! ```
//!
//! The workloads and the entries' code are a package of their own, in `entries/`; this program knows of an entry only
//! its name, and of a workload what the entry prints.

mod builder;
mod check;
mod child;
mod cli;
mod entry;
mod group;
mod instructions;
mod json;
mod measurement;
mod plot;
mod progress;
mod quantity;
mod race;
mod results;
mod setting;
mod statistics;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, RaceArgs};
use crate::group::Group;
use crate::results::Results;
use crate::setting::Setting;

fn main() -> ExitCode {
    let Cli { command: Command::Race(args) } = Cli::parse();
    match run(&args) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("mudlark-bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RaceArgs) -> Result<ExitCode, String> {
    let field = builder::build(&args.plan()?);
    field.announce_left_out();
    args.check_workloads(&field.workloads())?;
    if args.check {
        return Ok(check::run(&field, args));
    }
    let mut all = Vec::new();
    for group in args.groups() {
        match group {
            Group::Instructions => all.extend(instructions::run(&field, args)),
            _ => all.push(race::run(&field, group, args)),
        }
    }
    all.retain(Results::has_workloads);
    report(&Setting::of(&field), &all, args)?;
    field.announce_left_out();
    Ok(ExitCode::SUCCESS)
}

fn report(setting: &Setting, all: &[Results], args: &RaceArgs) -> Result<(), String> {
    if args.json {
        println!("{:#}", json::document(setting, all));
    } else {
        print!("{setting}");
        for results in all {
            print!("{}", table::of(results));
        }
    }
    match &args.plot {
        Some(folder) => plot::all(all, folder),
        None => Ok(()),
    }
}
