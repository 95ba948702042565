//! The command line.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::builder::{Plan, Profile};
use crate::child::Listed;
use crate::entry::{self, ENTRIES, Entry};
use crate::group::Group;
use crate::package::Package;

/// Measurements of Mudlark beside its peers.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build all entries, run them on the same work, turn about, and print tables.
    Race(RaceArgs),
    /// Show the machine code of a request and a free of constant size. Fails when either takes more than six
    /// instructions.
    FastPath,
    /// Build real programs with one allocator after the other, run them turn about, and print what each needs beside the
    /// system's malloc.
    Programs(ProgramsArgs),
}

/// How to race.
#[derive(Args, Debug)]
pub(crate) struct RaceArgs {
    /// A sixteenth of the work: about two minutes, when the entries are built. Workloads that take long at any scale
    /// run only when `--workloads` names them, instructions are counted only when `--only` does.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Time nothing: do a moment of every workload and compare the entries' checksums.
    #[arg(long, conflicts_with_all = ["quick", "json", "plot", "runs"])]
    pub(crate) check: bool,

    /// Only this group; may be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Group>,

    /// Only these entries, by their names in the tables.
    #[arg(long, value_delimiter = ',')]
    entries: Vec<String>,

    /// Only these workloads, by their names in the tables.
    #[arg(long, value_delimiter = ',')]
    pub(crate) workloads: Vec<String>,

    /// Runs of each workload by each entry, of which the median counts.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(7..))]
    pub(crate) runs: u16,

    /// Print everything that was measured as JSON, not tables.
    #[arg(long)]
    pub(crate) json: bool,

    /// Build counted pointers and collectors with Mudlark as their global allocator, not on the system's malloc. Other
    /// groups, and CPython, do not run.
    #[arg(long)]
    on_mudlark: bool,

    /// Draw a bar chart of every group, and how allocators and collectors scale with threads and with what is live, as SVG files in
    /// this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
}

impl RaceArgs {
    /// The groups to run, in the order of the report.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> {
        let by_default = |group: Group| group != Group::Instructions || !(self.quick || self.check);
        let wanted = move |group: &Group| self.only.contains(group) || (self.only.is_empty() && by_default(*group));
        Group::ALL.into_iter().filter(wanted).filter(|group| !self.on_mudlark || group.is_on_malloc())
    }

    /// Whether a workload is to be run: one that is named, or any; but a quick race has no time for long ones.
    pub(crate) fn wants(&self, listed: &Listed) -> bool {
        if self.workloads.is_empty() { !(self.quick && listed.long) } else { self.workloads.contains(&listed.name) }
    }

    /// What has to be built.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        let named = entry::named(ENTRIES, &self.entries)?.into_iter();
        let named = named.filter(|entry| !self.on_mudlark || entry.is_native());
        let entries: Vec<Entry> = named.filter(|entry| self.groups().any(|group| group.runs(entry))).collect();
        if entries.is_empty() {
            return Err("none of these entries is in these groups".to_owned());
        }
        let profile = if self.check { Profile::Brief } else { Profile::Release };
        let package = if self.on_mudlark { Package::EntriesOnMudlark } else { Package::Entries };
        Ok(Plan { package, entries, profile })
    }
}

/// How to run the programs.
#[derive(Args, Debug)]
pub(crate) struct ProgramsArgs {
    /// An eighth of the work.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Only these programs, by their names in the tables.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Only these allocators, by their names in the tables; the system's malloc is always there.
    #[arg(long, value_delimiter = ',')]
    pub(crate) allocators: Vec<String>,

    /// Runs of each program with each allocator, of which the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(3..))]
    pub(crate) runs: u16,

    /// Link with fat LTO, and one codegen unit; everything is compiled anew for it.
    #[arg(long)]
    pub(crate) lto: bool,

    /// Draw bar charts of times and memory, as SVG files in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
}

/// Whether all workloads that are wanted are `known`.
pub(crate) fn check_workloads(wanted: &[String], known: &BTreeSet<String>) -> Result<(), String> {
    let names = || known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match wanted.iter().find(|&name| !known.contains(name)) {
        Some(unknown) => Err(format!("no entry has a workload named {unknown}; there are {}", names())),
        None => Ok(()),
    }
}
