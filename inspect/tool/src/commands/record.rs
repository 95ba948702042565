//! `mudlark record`: runs a program and records its memory.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;

use crate::error::Error;
use crate::recording::children::{self, ChildLog};
use crate::recording::own_log::{Place, ended_early, has_no_request, writer_of};
use crate::recording::{self, OwnLog, Recording};
use crate::tail;
use crate::text;

/// Runs a program and records its memory. Exits with the program's exit code.
///
/// The program's allocator stays what it is; libmudlark_record.so is preloaded, and writes down who asks it for memory.
/// A program that records itself needs no library: `--no-preload`. Of the processes that the program starts, none is recorded
/// unless you say `--children`; where it becomes another program, as a script that ends by starting one, that is recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark record -o out.mmt -- python3 script.py
  mudlark record -o out.mmt --interval 1 -- ./server --port 80     each request, rather than a sample")]
pub(crate) struct Record {
    #[command(flatten)]
    recording: Recording,

    /// Where to write the log.
    #[arg(short = 'o', long = "output", value_name = "FILE", default_value = "out.mmt")]
    output: PathBuf,

    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl Record {
    pub(crate) fn run(&self) -> Result<ExitCode, Error> {
        let mut command = self.recording.command(&self.program, &self.output)?;
        let log = OwnLog::claim(&self.output)?;
        let begin = SystemTime::now();
        let status = recording::run(&mut command)?;
        self.tell_of(&log);
        if self.recording.children {
            tell_of_children(&children::since(begin, &self.output));
        }
        Ok(recording::end_like(status))
    }

    /// Says where the log is, or why there may be none.
    fn tell_of(&self, log: &OwnLog) {
        let path = &self.output;
        match log.place() {
            Place::There if log.len() == 0 => self.tell_why_empty(),
            Place::There => tell_what_next(path, path),
            Place::Moved(to) => tell_what_next(&to, path),
            // Something else is there now, which may be the program's log.
            Place::Removed if fs::metadata(path).is_ok_and(|there| there.len() > 0) => tell_what_next(path, path),
            Place::Removed => {
                eprintln!("mudlark: {} was removed while the program ran, or moved to another disk:", path.display());
                eprintln!("         what was recorded after that is lost");
            }
        }
    }

    fn tell_why_empty(&self) {
        eprintln!("mudlark: {} is empty: the program has recorded nothing", self.output.display());
        eprintln!("  help: a program that is linked statically or runs as another user ignores what is preloaded;");
        eprintln!("        one that records itself has to call `Profiler::from_env()`");
    }
}

/// Says what there is in a log that was `at` this place while the program ran, and what to do with it.
fn tell_what_next(log: &Path, at: &Path) {
    tail::join(log, at);
    let path = log.display();
    if log != at {
        eprintln!("mudlark: {} was moved while the program ran", at.display());
    }
    let len = fs::metadata(log).map_or(0, |metadata| metadata.len());
    eprintln!("mudlark: {path} has {} of memory events", text::bytes(len));
    if let Some(ended) = ended_early(log) {
        eprintln!("mudlark: the log {ended}; what the program did later is not in it");
    }
    if has_no_request(log) {
        eprintln!(
            "mudlark: no request is in it: the program has an allocator of its own, or has asked for so little that none was"
        );
        eprintln!("         sampled (`--interval 1` records each)");
    }
    if let Some(writer) = writer_of(log) {
        let process = writer.process.map_or_else(|| "a process".to_owned(), |process| format!("process {process}"));
        eprintln!("mudlark: {process} still runs, and writes on there");
    }
    eprintln!("  next: mudlark stats {path}");
    eprintln!("        mudlark report {path} -o report.html");
}

/// Says which logs of other processes there are, the largest first.
fn tell_of_children(children: &[ChildLog]) {
    const MOST: usize = 10;
    match children {
        [] => eprintln!("mudlark: no other process has recorded anything; one that still runs may do so yet"),
        [_] => eprintln!("mudlark: one other process has a log beside it:"),
        _ => eprintln!("mudlark: {} other processes have logs beside it:", text::number(children.len() as u64)),
    }
    for ChildLog { path, bytes, program, is_running } in children.iter().take(MOST) {
        let state = if *is_running { ", which still runs and writes on there" } else { "" };
        eprintln!("  {:>9}  {}  {}{state}", text::bytes(*bytes), path.display(), text::harmless(program));
    }
    if children.len() > MOST {
        eprintln!("  and {} smaller ones", text::number((children.len() - MOST) as u64));
    }
    let running = children.iter().filter(|child| child.is_running).count();
    if running > 0 {
        eprintln!("mudlark: {}", text::counted(running as u64, "of them still runs", "of them still run"));
    }
}
