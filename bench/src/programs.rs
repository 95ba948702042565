//! The programs: real ones, under one allocator after the other. They are raced as the workloads are, but it is the
//! whole process that is measured: the time that processors work for it, the time it takes, and its peak of memory.

mod table;

use core::time::Duration;
use std::process::ExitCode;

use crate::builder::{self, Field, Plan, Profile};
use crate::cli::{self, ProgramsArgs};
use crate::entry::{self, Entry};
use crate::group::Group;
use crate::package::Package;
use crate::plot;
use crate::race::{Pace, race};
use crate::results::Results;
use crate::setting::Setting;

/// What takes longer is ended.
const LIMIT: Duration = Duration::from_secs(120);
/// A quick race has so much less to do.
const QUICK: usize = 8;

/// Builds, races and reports.
pub(crate) fn run(args: &ProgramsArgs) -> Result<ExitCode, String> {
    let profile = if args.lto { Profile::Lto } else { Profile::Release };
    let field = builder::build(&Plan { package: Package::Programs, entries: allocators(args)?, profile });
    field.announce_left_out();
    if field.starters.is_empty() {
        return Err("there is nothing to run".to_owned());
    }
    cli::check_workloads(&args.only, &field.workloads())?;
    let divisor = if args.quick { QUICK } else { 1 };
    let pace = Pace { divisor, runs: args.runs, limit: LIMIT };
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let results = race(&field, Group::Programs, |listed| wanted(&listed.name), pace);
    report(&field, &results, args)?;
    field.announce_left_out();
    Ok(ExitCode::SUCCESS)
}

fn report(field: &Field, results: &Results, args: &ProgramsArgs) -> Result<(), String> {
    print!("{}", Setting::of(field));
    print!("{}", table::of(results));
    match &args.plot {
        Some(folder) => plot::all(core::slice::from_ref(results), folder),
        None => Ok(()),
    }
}

/// The allocators that are wanted, and the system's malloc, which all are held against.
fn allocators(args: &ProgramsArgs) -> Result<Vec<Entry>, String> {
    let known: Vec<Entry> = entry::ENTRIES.iter().copied().filter(|entry| Group::Programs.runs(entry)).collect();
    let mut wanted = entry::named(&known, &args.allocators)?;
    if args.allocators.is_empty() {
        wanted.retain(|entry| entry.name != entry::HARDENED && entry.name != entry::TALC);
    }
    let baseline = known.iter().position(|entry| entry.name == Group::Programs.baseline());
    let baseline = known[baseline.expect("the baseline is an entry")];
    wanted.retain(|entry| *entry != baseline);
    wanted.insert(0, baseline);
    Ok(wanted)
}
