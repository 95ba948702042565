//! What can go wrong, and what a user may do about it.

use std::io;
use std::path::PathBuf;

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log cannot be opened.
    #[error("cannot open {}: {cause}", path.display())]
    Open {
        /// The log.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The log was opened, but cannot be read to its end.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The log.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// There is no whole chunk in it.
    #[error("{} is no memory log, or nothing of it is left: no whole chunk in {bytes} bytes", path.display())]
    NoLog {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The log has fewer programs than the one that is asked for.
    #[error("there is no program of number {wanted} in {}; the last is number {programs}", path.display())]
    NoSuchProgram {
        /// The log.
        path: PathBuf,
        /// As many are there.
        programs: usize,
        /// The one asked for.
        wanted: usize,
    },
    /// The log is whole, but has nothing of the kind that a command shows.
    #[error("the log has no {what}")]
    Nothing {
        /// What is missing.
        what: &'static str,
        /// How to get it.
        advice: &'static str,
    },
    /// The question can be answered only if each request is in the log.
    #[error("the log has one request in about {interval} bytes; {what} needs all of them")]
    Sampled {
        /// The mean number of bytes from one request in the log to the next.
        interval: u64,
        /// What was asked for.
        what: &'static str,
    },
    /// Two options, or an option and the log, do not go together.
    #[error("{0}")]
    Usage(String),
    /// The output cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another recording is made to the same file.
    #[error("another recording writes {}{}", path.display(), by(*process))]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process that does, if it is known.
        process: Option<u32>,
    },
    /// A program cannot be run.
    #[error("cannot run {}: {cause}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The library that records other programs is nowhere.
    #[error("the library that records programs is not at {}", in_words(places))]
    NoLibrary {
        /// Where it was looked for.
        places: Vec<PathBuf>,
    },
    /// Graphviz is not installed.
    #[error("there is no program `dot`")]
    NoGraphviz,
    /// Graphviz does not understand a graph.
    #[error("{} is no graph that can be drawn: {said}", path.display())]
    BadGraph {
        /// The graph.
        path: PathBuf,
        /// What `dot` says.
        said: String,
    },
    /// The terminal cannot be drawn on.
    #[error("cannot use the terminal: {0}")]
    Terminal(io::Error),
    /// Bytes that no one can read would go to a terminal.
    #[error("the output is binary, and would go to the terminal")]
    BinaryToTerminal,
}

impl Error {
    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        Some(match self {
            Self::Open { cause, .. } if cause.kind() == io::ErrorKind::NotFound => {
                "`mudlark record -o FILE -- PROGRAM` writes a log; so does a program with `Profiler::start(\"FILE\")`"
            }
            Self::NoLog { .. } => "a log is what `mudlark record` or a `Profiler` has written; its name ends with .mmt",
            Self::NoSuchProgram { .. } => "leave `--program` out to see the last one",
            Self::Nothing { advice, .. } => advice,
            Self::Sampled { .. } => "record with `interval=1`, so that every request is written",
            Self::InUse { .. } => "wait for its end, or name another file: `-o FILE`",
            Self::Start { cause, .. } if cause.kind() == io::ErrorKind::NotFound => {
                "a program that is not in PATH needs its directory: `./program`"
            }
            Self::NoLibrary { .. } => {
                "`cargo build --release -p mudlark-record` builds it; put it beside the program `mudlark`, or say where it is \
                 by MUDLARK_RECORD_LIBRARY; a program that records itself needs none: `--no-preload`"
            }
            Self::NoGraphviz => "Graphviz has it: `apt-get install graphviz`, `brew install graphviz`, or graphviz.org",
            Self::BadGraph { .. } => "a collector's graph writes itself by `to_dot()`",
            Self::BinaryToTerminal => "name a file: `-o FILE`",
            _ => return None,
        })
    }

    /// The program's exit code: 2 for a command line that makes no sense, 3 for a log that cannot be used, 4 for an
    /// output that cannot be written, 5 for something that is not installed or not there, 127 for a program that cannot be run.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NoSuchProgram { .. } | Self::BinaryToTerminal => 2,
            Self::Open { .. } | Self::Read { .. } | Self::NoLog { .. } => 3,
            Self::Nothing { .. } | Self::Sampled { .. } => 3,
            Self::BadGraph { .. } => 3,
            Self::Write { .. } | Self::InUse { .. } => 4,
            Self::NoLibrary { .. } | Self::NoGraphviz | Self::Terminal(_) => 5,
            // As a shell says it.
            Self::Start { .. } => 127,
        }
    }
}

fn by(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(": process {process}"))
}

fn in_words(places: &[PathBuf]) -> String {
    let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    places.join(", nor at ")
}
