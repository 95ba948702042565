//! Why a recording does not begin.

use core::error::Error;
use core::fmt;
use std::io;

/// Why a recording did not begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is one already.
    AlreadyRecording,
    /// The program's allocator is not a [`Profiled`](crate::Profiled) one.
    NotInstalled,
    /// The file cannot be written.
    File(io::Error),
    /// Another process writes the file.
    InUse {
        /// Its number; zero if it is unknown.
        process: u32,
    },
    /// The environment variable does not say what to do.
    Variable(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRecording => f.write_str("a recording is under way already: drop its `Profiler` before"),
            Self::NotInstalled => f.write_str(
                "the program's allocator is not recorded: write \
                 `#[global_allocator] static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());`",
            ),
            Self::File(error) => write!(f, "the log cannot be written: {error}"),
            Self::InUse { process: 0 } => f.write_str("another process writes this log: choose another file"),
            Self::InUse { process } => write!(f, "process {process} writes this log: choose another file"),
            Self::Variable(problem) => write!(
                f,
                "MUDLARK_PROFILE: {problem}; it should be a file, as «out.mmt», or more, as «out.mmt,interval=1,depth=32»"
            ),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}
