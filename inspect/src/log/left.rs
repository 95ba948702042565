//! What a program has left in the tail of its log by becoming another one, without a word: by a system call of its own.
//!
//! ```text
//!   out.mmt        │ chunk 0 │ chunk 1 │         the process goes on, as another program: its log comes behind
//!   out.mmt.tail   │ process │ 2, length │ records │
//! ```

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process;

use mudlark_hooks::{Chunk, Tail};

use super::growing::GrowingFile;
use super::path::LogPath;

/// A chunk that is not in the log yet.
pub(super) struct Left(Vec<u8>);

impl Left {
    /// What this process has left beside that log, if anything. To be called before the log's file is opened.
    pub(super) fn beside(log: &LogPath) -> Option<Self> {
        let tail = fs::read(log.with(".tail")?).ok()?;
        let tail = Tail::read(&tail).filter(|tail| tail.process == process::id())?;
        let is_new = !is_last_of(&log.with("")?, &tail.chunk);
        is_new.then(|| Self([&tail.chunk.header()[..], tail.chunk.payload()].concat()))
    }

    /// Writes it behind the log. If that cannot be done, the new log will say so of itself.
    pub(super) fn append_to(&self, file: &mut GrowingFile) {
        let _ = file.append(&self.0);
    }
}

/// Whether the file ends with this chunk.
fn is_last_of(log: &Path, chunk: &Chunk<'_>) -> bool {
    let (wanted, mut found) = (chunk.header(), chunk.header());
    found.fill(0);
    let len = (wanted.len() + chunk.payload().len()) as u64;
    let read = File::open(log).and_then(|mut log| {
        let end = log.seek(SeekFrom::End(0))?;
        log.seek(SeekFrom::Start(end.saturating_sub(len)))?;
        log.read_exact(&mut found)
    });
    read.is_ok() && found == wanted
}
