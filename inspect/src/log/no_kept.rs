//! A file, where no program closes what it does not know of.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use crate::start_error::StartError;

/// An open file.
#[derive(Debug)]
pub(super) struct KeptFile(File);

impl KeptFile {
    /// Keeps this file.
    pub(super) fn keep(file: File) -> Result<Self, StartError> {
        Ok(Self(file))
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
