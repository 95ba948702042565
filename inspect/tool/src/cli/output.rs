//! Where a command's result goes.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;

use crate::error::Error;

/// A file, or the standard output.
#[derive(Clone, Debug, Args)]
pub(crate) struct Output {
    /// Where to write; otherwise it is the standard output.
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

impl Output {
    /// Writes text.
    pub(crate) fn text(&self, text: &str) -> Result<(), Error> {
        self.write(|to| to.write_all(text.as_bytes()))
    }

    /// # Errors
    ///
    /// If what no one can read would go to a terminal.
    pub(crate) fn refuse_terminal(&self) -> Result<(), Error> {
        if self.file.is_none() && io::stdout().is_terminal() { Err(Error::BinaryToTerminal) } else { Ok(()) }
    }

    /// Hands out where to write. A reader that has seen enough, as `head`, is no error.
    pub(crate) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let written = match &self.file {
            Some(path) => File::create(path).and_then(|file| write_buffered(file, write)),
            None => write_buffered(io::stdout().lock(), write),
        };
        match written {
            Err(cause) if self.file.is_none() && cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(cause) => {
                let path = self.file.clone().unwrap_or_else(|| "the standard output".into());
                Err(Error::Write { path, cause })
            }
            Ok(()) => Ok(()),
        }
    }
}

fn write_buffered(to: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    write(&mut to)?;
    to.flush()
}
