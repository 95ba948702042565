//! The tail of a log: what its process had collected and not yet written when it ended without a word, in a file beside it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mudlark_hooks::{Chunk, Tail};

use crate::log_file::LogFile;
use crate::recording::own_log::writer_of;

/// A tail's file.
#[derive(Debug)]
pub(crate) struct TailFile(Vec<u8>);

impl TailFile {
    /// That of a log, if there is one.
    pub(crate) fn beside(log: &Path) -> Option<Self> {
        let before = fs::read(path_beside(log)).ok()?;
        // A process that goes on may have begun another chunk in between.
        let after = fs::read(path_beside(log)).ok()?;
        let sequence = |bytes: &[u8]| Tail::read(bytes).map(|tail| tail.chunk.sequence);
        (sequence(&before) == sequence(&after)).then_some(Self(before))
    }

    /// What comes behind the log's last chunk, if the tail is of the same process, and no older.
    pub(crate) fn chunk_of(&self, process: u32, next_sequence: u32) -> Option<Chunk<'_>> {
        let tail = Tail::read(&self.0)?;
        (tail.process == process && tail.chunk.sequence == next_sequence).then_some(tail.chunk)
    }
}

/// Writes what is in the tail of the log that was `at` this place as a last chunk of it, which is whole then: unless a process
/// writes it still.
///
/// Where that cannot be done, the two files stay as they are, and are read together all the same.
pub(crate) fn join(log: &Path, at: &Path) {
    if writer_of(log).is_none()
        && let Some(tail) = TailFile::beside(at)
        && append(log, &tail).is_ok()
    {
        remove(at);
    }
}

fn append(log: &Path, tail: &TailFile) -> io::Result<()> {
    let (mut file, mut process) = (LogFile::new(File::open(log)?), 0);
    file.read_to_end(|chunk| {
        for record in chunk.records().take(2) {
            if let mudlark_hooks::Event::Started { process: of, .. } = record.event {
                process = of;
            }
        }
    })?;
    let Some(chunk) = tail.chunk_of(process, file.next_sequence()) else { return Ok(()) };
    let mut log = File::options().append(true).open(log)?;
    let len = log.metadata()?.len();
    // In one go, so that nobody reads half of it.
    log.write_all(&[&chunk.header()[..], chunk.payload()].concat()).inspect_err(|_| {
        // Where there is room for half of it, that is of no use.
        let _ = log.set_len(len);
    })
}

/// Removes the tail of a log, if there is one.
pub(crate) fn remove(log: &Path) {
    // If it cannot be, it is of another process than the next log, and so is not read with that.
    let _ = fs::remove_file(path_beside(log));
}

fn path_beside(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".tail");
    PathBuf::from(path)
}
