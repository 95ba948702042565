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
    Stats(commands::stats::Stats),
    Table(commands::table::Table),
    Flame(commands::flame::Flame),
    Leaks(commands::leaks::Leaks),
    Temporary(commands::temporary::Temporary),
    Diff(commands::diff::Diff),
    Dhat(commands::dhat::Dhat),
    Pprof(commands::pprof::Pprof),
}

impl Command {
    fn run(&self) -> Result<(), Error> {
        match self {
            Self::Stats(command) => command.run(),
            Self::Table(command) => command.run(),
            Self::Flame(command) => command.run(),
            Self::Leaks(command) => command.run(),
            Self::Temporary(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Dhat(command) => command.run(),
            Self::Pprof(command) => command.run(),
        }
    }
}

/// Does what the program's arguments say.
#[must_use]
pub fn run() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
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
