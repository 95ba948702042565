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
//!
//! The same is done with [`programs`], whole ones, which are another package, in `programs/`. Beside the race there is
//! a look at the machine code: [`fast_path`], of what [`disassembly`] finds.

mod builder;
mod check;
mod child;
mod cli;
mod cost;
mod curve;
mod disassembly;
mod entry;
mod fast_path;
mod group;
mod instructions;
mod json;
mod measurement;
mod package;
mod plot;
mod programs;
mod progress;
mod quantity;
mod race;
mod results;
mod setting;
mod statistics;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::builder::Field;
use crate::cli::{Cli, Command, RaceArgs};
use crate::group::Group;
use crate::results::Results;
use crate::setting::Setting;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Race(args) => run_race(&args),
        Command::FastPath => fast_path::run(),
        Command::Programs(args) => programs::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("mudlark-bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run_race(args: &RaceArgs) -> Result<ExitCode, String> {
    let field = builder::build(&args.plan()?);
    field.announce_left_out();
    cli::check_workloads(&args.workloads, &field.workloads())?;
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
    report(&field, &all, args)?;
    field.announce_left_out();
    Ok(ExitCode::SUCCESS)
}

fn report(field: &Field, all: &[Results], args: &RaceArgs) -> Result<(), String> {
    let setting = Setting::of(field);
    if args.json {
        println!("{:#}", json::document(&setting, field, all));
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
