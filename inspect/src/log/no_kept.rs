//! A file, where no program closes what it does not know of.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use crate::start_error::StartError;

/// An open file.
#[derive(Debug)]
pub(super) struct KeptFile(File);

impl KeptFile {
    /// Opens a file, which may be new, to write behind what is in it.
    pub(super) fn open(path: &Path) -> Result<Self, StartError> {
        // Who only may append to a file could not shorten it.
        let file = File::options().write(true).create(true).truncate(false).open(path);
        file.map(Self).map_err(StartError::File)
    }

    /// Writes to the file's end.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::End(0))?;
        self.0.write_all(bytes)
    }

    /// Has the file be no longer than this.
    pub(super) fn shorten(&mut self, len: u64) -> io::Result<()> {
        if self.len()? > len { self.0.set_len(len) } else { Ok(()) }
    }

    /// The file's length.
    pub(super) fn len(&mut self) -> io::Result<u64> {
        self.0.metadata().map(|metadata| metadata.len())
    }
}
