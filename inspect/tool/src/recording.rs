//! Runs a program so that it writes a log of its memory.
//!
//! ```text
//!   mudlark record ──▸ environment: LD_PRELOAD, MUDLARK_PROFILE ──▸ program ──▸ out.mmt
//!                  ◂── exit code, or the signal that ended it ──────┘
//! ```
//!
//! A program of which nobody knows gets `libmudlark_record.so` preloaded, which stands before its allocator. One that
//! records itself (`Profiler::from_env`) is only told where to write to.

pub(crate) mod children;
mod library;
pub(crate) mod own_log;
mod signals;

use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, ExitCode, ExitStatus};

use clap::Args;

use crate::error::Error;

pub(crate) use own_log::OwnLog;
pub(crate) use signals::{ask_to_end, is_running};

/// The recorder has no room for longer paths.
const LONGEST_PATH: usize = 488;

/// The recorder samples by no larger interval.
const LARGEST_INTERVAL: u64 = 1 << 32;

/// The recorder has no logs that are shorter.
const LEAST_SIZE: u64 = 64 << 10;

/// How a program is recorded.
#[derive(Clone, Debug, Args)]
pub(crate) struct Recording {
    /// The mean number of bytes from one recorded request to the next; 1 records each, 4294967296 (4 GiB) is the most [default: the
    /// recorder's, 512 KiB].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=LARGEST_INTERVAL))]
    interval: Option<u64>,

    /// The most requests that are recorded in a second, about: where more would be, the interval doubles; 0 for any number [default:
    /// the recorder's, 1024].
    #[arg(long, value_name = "REQUESTS")]
    limit: Option<u32>,

    /// The most bytes that a log gets: there it ends, and says so; the program goes on. At least 65536 [default: any number].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(LEAST_SIZE..))]
    max_size: Option<u64>,

    /// Record the processes that it starts as well, each in a log of its own: «out.1234.mmt» beside «out.mmt».
    #[arg(long)]
    pub(crate) children: bool,

    /// How often the log gets figures of the whole heap; 0 for none before the end [default: 100; none for a program whose allocator
    /// has nothing to say of itself]. It takes a thread of its own in the program.
    #[arg(long, value_name = "MILLISECONDS")]
    stats: Option<u64>,

    /// Preload nothing: the program calls `Profiler::from_env()` itself.
    #[arg(long)]
    no_preload: bool,
}

impl Recording {
    /// Has the log be written to while the program is idle, too. One that records itself sees to that as it likes.
    pub(crate) fn followed(&self) -> Self {
        const SOON: u64 = 100;
        let stats = if self.no_preload { self.stats } else { self.stats.or(Some(SOON)) };
        Self { stats, ..self.clone() }
    }

    /// The command that runs a program and has it write to this file.
    ///
    /// # Errors
    ///
    /// If the library to be preloaded is not found, or the file's name cannot be passed on.
    pub(crate) fn command(&self, program: &[OsString], log: &Path) -> Result<Command, Error> {
        let (name, arguments) =
            program.split_first().ok_or_else(|| Error::Usage("there is no program to run".to_owned()))?;
        let mut command = Command::new(name);
        command.args(arguments).env("MUDLARK_PROFILE", self.profile(log)?);
        // This may run in a program that is recorded itself: the one that it starts is the first of its own log all the same.
        command.env_remove("MUDLARK_PROFILE_PROCESS");
        if !self.no_preload {
            command.env("LD_PRELOAD", library::preload(&library::find()?)?);
        }
        Ok(command)
    }

    /// What tells the recorder where to write, and how.
    fn profile(&self, log: &Path) -> Result<OsString, Error> {
        // The program may go to another directory before it begins to write.
        let log = absolute(log).map_err(|cause| Error::Write { path: log.to_owned(), cause })?;
        if log.as_os_str().as_encoded_bytes().contains(&b',') {
            return Err(Error::Usage(format!(
                "a log's name has no comma, as {} has: what is behind one is an option",
                log.display()
            )));
        }
        if log.as_os_str().len() > LONGEST_PATH {
            return Err(Error::Usage(format!(
                "a log's whole path has at most {LONGEST_PATH} bytes, and {} has {}",
                log.display(),
                log.as_os_str().len()
            )));
        }
        let mut profile = log.into_os_string();
        if let Some(interval) = self.interval {
            profile.push(format!(",interval={interval}"));
        }
        if let Some(limit) = self.limit {
            profile.push(format!(",limit={limit}"));
        }
        if let Some(stats) = self.stats {
            profile.push(format!(",stats={stats}"));
        }
        if let Some(size) = self.max_size {
            profile.push(format!(",size={size}"));
        }
        if self.children {
            profile.push(",children=1");
        }
        Ok(profile)
    }
}

/// Starts a program.
pub(crate) fn start(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|cause| Error::Start { program: PathBuf::from(command.get_program()), cause })
}

/// Runs a program to its end, and passes on to it what signals this process gets.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    // From before it runs: or else a signal just then would end this process alone.
    let signals = signals::catch();
    let mut child = start(command)?;
    let _forwarding = signals.forward_to(&child);
    child.wait().map_err(|cause| Error::Start { program: PathBuf::from("the program"), cause })
}

/// Ends as the program has: with its exit code, or by the signal that ended it.
pub(crate) fn end_like(status: ExitStatus) -> ExitCode {
    signals::die_like(status);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
