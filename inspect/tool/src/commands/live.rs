//! `mudlark live`: looks at a program's memory while it runs.

use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use clap::Args;
use tempfile::TempDir;

use crate::cli::SymbolArgs;
use crate::error::Error;
use crate::live::places::Names;
use crate::live::{Follower, lines, terminal};
use crate::recording::{self, OwnLog, Recording};

/// Shows a log while it is written: the heap now, rates, who has the most, collections.
///
/// On a terminal it is drawn there; elsewhere, or with `-o`, there is a line a second.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark live out.mmt                   of a program that is running
  mudlark live -- ./server --port 80     runs it; what it prints goes to a file, whose name is told at the end")]
pub(crate) struct Live {
    /// The log that is being written.
    #[arg(value_name = "LOG", required_unless_present = "program", conflicts_with = "program")]
    log: Option<PathBuf>,

    /// Write lines to this file, rather than to draw.
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: Option<PathBuf>,

    /// Keep the log of PROGRAM here.
    #[arg(long = "log", value_name = "FILE", requires = "program")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    symbols: SymbolArgs,

    /// The program to run, and its arguments.
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl Live {
    pub(crate) fn run(&self) -> Result<ExitCode, Error> {
        match &self.log {
            Some(log) => {
                let found = File::open(log).map(drop);
                found.map_err(|cause| Error::Open { path: log.clone(), cause })?;
                self.show(log, || false)?;
                Ok(ExitCode::SUCCESS)
            }
            None => self.run_program(),
        }
    }

    /// Shows a log until it is over, or the user has seen enough.
    fn show(&self, log: &Path, has_ended: impl FnMut() -> bool) -> Result<(), Error> {
        let (follower, names) = (Follower::of(log), Names::new(self.symbols.options()));
        if let Some(path) = &self.output {
            return lines::write(follower, names, &mut BufWriter::new(create(path)?), has_ended);
        }
        if self.draws() {
            terminal::show(follower, names, has_ended)
        } else {
            lines::write(follower, names, &mut io::stdout().lock(), has_ended)
        }
    }

    fn draws(&self) -> bool {
        self.output.is_none() && io::stdout().is_terminal() && io::stdin().is_terminal()
    }

    fn run_program(&self) -> Result<ExitCode, Error> {
        let directory = tempfile::tempdir().map_err(|cause| Error::Write { path: env::temp_dir(), cause })?;
        let log = self.keep.clone().unwrap_or_else(|| directory.path().join("log.mmt"));
        let printed = directory.path().join("printed.txt");
        let mut command = self.recording.followed().command(&self.program, &log)?;
        // What another program left there would be shown until this one begins to write.
        let _own = OwnLog::claim(&log)?;
        if self.draws() {
            let file = create(&printed)?;
            let copy = file.try_clone().map_err(|cause| Error::Write { path: printed.clone(), cause })?;
            command.stdin(Stdio::null()).stdout(file).stderr(copy);
        }
        let mut child = recording::start(&mut command)?;
        let shown = self.show(&log, || matches!(child.try_wait(), Ok(Some(_)) | Err(_)));
        let ended = end(child)?;
        shown?;
        self.tell_where(&printed, directory);
        Ok(match ended {
            Ended::Itself(status) => recording::end_like(status),
            Ended::Asked => ExitCode::SUCCESS,
        })
    }

    /// Says which files there are. What the program printed is kept, unless it is nothing.
    fn tell_where(&self, printed: &Path, directory: TempDir) {
        if let Some(log) = &self.keep {
            eprintln!("mudlark: the log is {}", log.display());
        }
        if fs::metadata(printed).is_ok_and(|metadata| metadata.len() > 0) {
            eprintln!("mudlark: what the program printed is in {}", printed.display());
            // It is a temporary file: that it could not be removed is no failure.
            let _ = fs::remove_file(directory.keep().join("log.mmt"));
        }
    }
}

fn create(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|cause| Error::Write { path: path.to_owned(), cause })
}

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a program has ended.
enum Ended {
    Itself(ExitStatus),
    /// The user has seen enough.
    Asked,
}

/// Ends a program, if it has not ended.
fn end(mut child: Child) -> Result<Ended, Error> {
    let failed = |cause| Error::Start { program: "the program".into(), cause };
    let mut asked = None;
    while asked.is_none_or(|asked: Instant| asked.elapsed() < PATIENCE) {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(if asked.is_none() { Ended::Itself(status) } else { Ended::Asked });
        }
        // Once, and only what still runs: the number of one that has ended may be another's now.
        asked.get_or_insert_with(|| {
            recording::ask_to_end(&child);
            Instant::now()
        });
        thread::sleep(Duration::from_millis(20));
    }
    // It may have ended meanwhile.
    let _ = child.kill();
    child.wait().map_err(failed)?;
    Ok(Ended::Asked)
}
