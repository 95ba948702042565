//! The command line: what every command takes, and which commands there are.

mod input;
mod output;
mod symbol_args;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::error::Error;

pub(crate) use input::{Input, read_model};
pub(crate) use output::Output;
pub(crate) use symbol_args::{SymbolArgs, warn_of_unreadable};

/// Turns memory logs into pictures.
#[derive(Debug, Parser)]
#[command(
    name = "mudlark",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Examples:
  mudlark record -o out.mmt -- ./program      runs a program and records its memory
  mudlark report out.mmt -o out.html          all there is to see, on one page
  mudlark stats out.mmt                       what happened, in a few lines
  mudlark table out.mmt --sort peak           who held the most when the heap was largest
  mudlark flame out.mmt --cost leaked -o leaks.svg
  mudlark diff before.mmt after.mmt           what has grown"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The commands, in the order in which one meets a log.
#[derive(Debug, Subcommand)]
enum Command {
    Record(commands::record::Record),
    Live(commands::live::Live),
    Stats(commands::stats::Stats),
    Table(commands::table::Table),
    Flame(commands::flame::Flame),
    Timeline(commands::timeline::Timeline),
    Classes(commands::classes::Classes),
    Report(commands::report::Report),
    Census(commands::census::Census),
    Leaks(commands::leaks::Leaks),
    Temporary(commands::temporary::Temporary),
    Diff(commands::diff::Diff),
    Dhat(commands::dhat::Dhat),
    Pprof(commands::pprof::Pprof),
    Dot(commands::dot::Dot),
}

impl Command {
    fn run(&self) -> Result<ExitCode, Error> {
        let done = match self {
            // These exit as the program does that they run.
            Self::Record(command) => return command.run(),
            Self::Live(command) => return command.run(),
            Self::Stats(command) => command.run(),
            Self::Table(command) => command.run(),
            Self::Flame(command) => command.run(),
            Self::Timeline(command) => command.run(),
            Self::Classes(command) => command.run(),
            Self::Report(command) => command.run(),
            Self::Census(command) => command.run(),
            Self::Leaks(command) => command.run(),
            Self::Temporary(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Dhat(command) => command.run(),
            Self::Pprof(command) => command.run(),
            Self::Dot(command) => command.run(),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Does what the program's arguments say.
#[must_use]
pub fn run() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn report(error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    if let Some(advice) = error.advice() {
        eprintln!("  help: {advice}");
    }
    ExitCode::from(error.exit_code())
}
