//! The log that a command reads.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;
use crate::log_file::LogFile;
use crate::model::{Model, Understood};
use crate::tail::TailFile;
use crate::text;

/// Which log, and which program of it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Input {
    /// The log; `-` is the standard input.
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,

    /// Read the program of this number, if the log has several one after the other [default: the last].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) program: Option<usize>,
}

impl Input {
    /// Reads the log to its end. Tells on stderr of what could not be read, in one line.
    pub(crate) fn read(&self) -> Result<Model, Error> {
        read_model(&self.log, self.program)
    }
}

/// Reads a program of a log, with a progress bar if it takes long.
pub(crate) fn read_model(path: &Path, program: Option<usize>) -> Result<Model, Error> {
    let mut file = LogFile::new(open(path)?);
    let mut model = program.map_or_else(Model::default, Model::of_program);
    let mut unknown_chunks = 0;
    let read = file.read_to_end(|chunk| {
        unknown_chunks += u64::from(model.read_chunk(chunk) == Understood::Partly);
    });
    read.map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
    // Of the last program only: others have ended before.
    if program.is_none_or(|wanted| wanted == model.programs())
        && let Some(tail) = TailFile::beside(path)
        && let Some(chunk) = tail.chunk_of(model.program.process, file.next_sequence())
    {
        unknown_chunks += u64::from(model.read_chunk(chunk) == Understood::Partly);
    }
    if file.chunks() == 0 {
        return Err(Error::NoLog { path: path.to_owned(), bytes: file.bytes() });
    }
    if let Some(wanted) = program.filter(|&wanted| wanted == 0 || wanted > model.programs()) {
        return Err(Error::NoSuchProgram { path: path.to_owned(), programs: model.programs(), wanted });
    }
    warn(&file, unknown_chunks, &model, program);
    Ok(model)
}

fn open(path: &Path) -> Result<Box<dyn Read>, Error> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let failed = |cause| Error::Open { path: path.to_owned(), cause };
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    if len < LONG {
        return Ok(Box::new(file));
    }
    Ok(Box::new(progress_bar(len).wrap_read(file)))
}

/// Shorter files are read before anyone looks.
const LONG: u64 = 32 << 20;

/// A bar on stderr, if that is a terminal.
fn progress_bar(len: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("reading {bar:40} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(len).with_finish(indicatif::ProgressFinish::AndClear);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Says in a line each that the log ended early, what it lacks, and that there is more in it.
fn warn<R: Read>(file: &LogFile<R>, unknown_chunks: u64, model: &Model, program: Option<usize>) {
    if let Some(ended) = model.program.ended_early {
        let urgency = if ended.is_wished() { "note" } else { "warning" };
        eprintln!("{urgency}: the log {ended}; {}, and what is live there need not be a leak", text::lost(model));
    }
    let damage = file.damage();
    let mut lacks = Vec::new();
    let mut lack = |count: u64, text: &str| {
        if count > 0 {
            lacks.push(format!("{text}: {count}"));
        }
    };
    lack(damage.skipped_bytes - file.text_bytes(), "bytes in no whole chunk");
    lack(damage.missing_chunks, "missing chunks");
    lack(unknown_chunks, "chunks of a newer version");
    if model.program.ended_early.is_none() {
        lack(model.gaps.lost_events, "events that the writer lost");
    }
    lack(model.gaps.missing_frees, "missing frees");
    if !model.program.has_start {
        lacks.push("its beginning is missing, so times have no unit, and sizes may be those of a sample".to_owned());
    }
    if !lacks.is_empty() {
        eprintln!("warning: the log is not whole: {}", lacks.join("; "));
    }
    if file.text_bytes() > 0 {
        eprintln!("note: {} bytes of text between the chunks are passed over", file.text_bytes());
    }
    if program.is_none() && model.programs() > 1 {
        let programs = model.programs();
        eprintln!("note: the log holds {programs} programs, of which the last is read (`--program 1` is the first)");
    }
}
