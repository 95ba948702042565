//! A file that grows by whole chunks, up to a limit.
//!
//! ```text
//!   │ chunk │ chunk │ chunk │           │ last words │
//!                           ▲ the end                ▲ the limit
//! ```
//!
//! A chunk that there was no room for leaves nothing behind: so there is room for a few last words.

use std::io;

use mudlark_hooks::EarlyEnd;

use super::CHUNK;
use super::kept::KeptFile;
use crate::signals::take_back_file_size;

/// Bytes that two chunks have at most which say that a log ends early, and then that its program ended.
const LAST_WORDS: u64 = 128;

/// Where there is room for less, a log is nothing.
pub(crate) const LEAST_LIMIT: u64 = 2 * CHUNK as u64;

/// Why a log ends before its program.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) why: EarlyEnd,
    /// The system's number for it, or zero.
    pub(super) error: u32,
}

impl End {
    const AT_LIMIT: Self = Self { why: EarlyEnd::Limit, error: 0 };
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EarlyEnd::NoRoom,
            io::ErrorKind::FileTooLarge => EarlyEnd::FileSize,
            _ => EarlyEnd::Failed,
        };
        Self { why, error: error.raw_os_error().and_then(|error| error.try_into().ok()).unwrap_or(0) }
    }
}

/// A log's file.
#[derive(Debug)]
pub(super) struct GrowingFile {
    file: KeptFile,
    /// Where this log begins, and where its last whole chunk ends.
    begin: u64,
    end: u64,
    /// The length of that chunk, if it may be given up for last words.
    last: u64,
    limit: u64,
}

impl GrowingFile {
    /// Goes on behind what is in the file.
    pub(super) fn behind(mut file: KeptFile, limit: u64) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self { file, begin: len, end: len, last: 0, limit })
    }

    /// Writes a chunk, or nothing of it. To be called while this thread handles no signals.
    pub(super) fn append(&mut self, chunk: &[u8]) -> Result<(), End> {
        let len = chunk.len() as u64;
        if self.end.saturating_add(len) > self.limit {
            return Err(End::AT_LIMIT);
        }
        if let Err(error) = self.file.write_all(chunk) {
            take_back_file_size();
            // If it cannot be shortened, readers pass over what there is.
            let _ = self.file.shorten(self.end);
            return Err(error.into());
        }
        // Without the first one, nobody could read the others.
        self.last = if self.end == self.begin { 0 } else { len };
        self.end += len;
        Ok(())
    }

    /// Writes a small chunk that is more worth than the last one, if there is no room for both. Likewise.
    pub(super) fn append_last_words(&mut self, chunk: &[u8]) -> Result<(), End> {
        let mut appended = self.append(chunk);
        if appended.is_err() && self.last > 0 {
            self.end -= self.last;
            appended = self.file.shorten(self.end).map_err(End::from).and_then(|()| self.append(chunk));
        }
        self.last = 0;
        appended
    }

    /// Why no more than last words may follow, if that is so: there is no room for another whole chunk and for them.
    pub(super) const fn end(&self) -> Option<End> {
        let full = self.end.saturating_add(CHUNK as u64 + LAST_WORDS) > self.limit;
        if full { Some(End::AT_LIMIT) } else { None }
    }
}
