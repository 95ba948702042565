//! `mudlark live`: looks at a program's memory while it runs.

use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, ExitStatus, Stdio, id};
use std::thread;
use std::time::Instant;

use clap::Args;

use crate::cli::SymbolArgs;
use crate::error::Error;
use crate::live::places::Names;
use crate::live::{Follower, lines, terminal};
use crate::recording::{self, Recording};

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
            let file = File::create(path).map_err(|cause| Error::Write { path: path.clone(), cause })?;
            return lines::write(follower, names, &mut BufWriter::new(file), has_ended);
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
        let name = |ending: &str| env::temp_dir().join(format!("mudlark-{}.{ending}", id()));
        let (log, printed) = (self.keep.clone().unwrap_or_else(|| name("mmt")), name("txt"));
        // What another program left there would be shown until this one begins to write.
        File::create(&log).map_err(|cause| Error::Write { path: log.clone(), cause })?;
        let mut command = self.recording.command(&self.program, &log)?;
        if self.draws() {
            let file = File::create(&printed).map_err(|cause| Error::Write { path: printed.clone(), cause })?;
            let copy = file.try_clone().map_err(|cause| Error::Write { path: printed.clone(), cause })?;
            command.stdin(Stdio::null()).stdout(file).stderr(copy);
        }
        let mut child = recording::start(&mut command)?;
        let shown = self.show(&log, || matches!(child.try_wait(), Ok(Some(_)) | Err(_)));
        let status = end(child)?;
        shown?;
        self.tell_where(&log, &printed);
        Ok(recording::end_like(status))
    }

    /// Says which files there are; removes those that nobody asked for.
    fn tell_where(&self, log: &Path, printed: &Path) {
        if self.keep.is_some() {
            eprintln!("mudlark: the log is {}", log.display());
        } else {
            // It is a temporary file: that it could not be removed is no failure.
            let _ = fs::remove_file(log);
        }
        match fs::metadata(printed).map(|metadata| metadata.len()) {
            Ok(0) => drop(fs::remove_file(printed)),
            Ok(_) => eprintln!("mudlark: what the program printed is in {}", printed.display()),
            Err(_) => {}
        }
    }
}

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// Ends a program, if it has not ended.
fn end(mut child: Child) -> Result<ExitStatus, Error> {
    let failed = |cause| Error::Start { program: "the program".into(), cause };
    let mut asked = None;
    while asked.is_none_or(|asked: Instant| asked.elapsed() < PATIENCE) {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
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
    child.wait().map_err(failed)
}
