//! `mudlark record`: runs a program and records its memory.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;

use crate::error::Error;
use crate::recording::children::{self, ChildLog};
use crate::recording::{self, Recording};
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
        self.clear_output()?;
        let begin = SystemTime::now();
        let status = recording::run(&mut command)?;
        tail::join(&self.output);
        self.tell_what_next();
        if self.recording.children {
            tell_of(&children::since(begin, &self.output));
        }
        Ok(recording::end_like(status))
    }

    /// Makes sure that the log can be written before the program runs, and that none is there that is another's.
    fn clear_output(&self) -> Result<(), Error> {
        let path = &self.output;
        tail::remove(path);
        let file = fs::File::create(path).and_then(|file| file.metadata());
        match file {
            Ok(file) if file.is_file() => Ok(()),
            Ok(_) => Err(Error::Usage(format!("{} is not a file: a log is written to one", path.display()))),
            Err(cause) => Err(Error::Write { path: path.clone(), cause }),
        }
    }

    /// Says where the log is, or why there may be none.
    fn tell_what_next(&self) {
        let path = self.output.display();
        match fs::metadata(&self.output).map_or(0, |metadata| metadata.len()) {
            0 => {
                eprintln!("mudlark: {path} is empty: the program has recorded nothing");
                eprintln!(
                    "  help: a program that is linked statically or runs as another user ignores what is preloaded;"
                );
                eprintln!("        one that records itself has to call `Profiler::from_env()`");
            }
            len => {
                eprintln!("mudlark: {path} has {} of memory events", text::bytes(len));
                eprintln!("  next: mudlark stats {path}");
                eprintln!("        mudlark report {path} -o report.html");
            }
        }
    }
}

/// Says which logs of other processes there are, the largest first.
fn tell_of(children: &[ChildLog]) {
    const MOST: usize = 10;
    match children {
        [] => eprintln!("mudlark: no other process has recorded anything"),
        [_] => eprintln!("mudlark: one other process has a log beside it:"),
        _ => eprintln!("mudlark: {} other processes have logs beside it:", text::number(children.len() as u64)),
    }
    for ChildLog { path, bytes, program } in children.iter().take(MOST) {
        eprintln!("  {:>9}  {}  {}", text::bytes(*bytes), path.display(), text::harmless(program));
    }
    if children.len() > MOST {
        eprintln!("  and {} smaller ones", text::number((children.len() - MOST) as u64));
    }
}
