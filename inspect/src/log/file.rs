//! Where a log's chunks go: a file, which a forked child has one of its own of.

use std::path::Path;
#[cfg(unix)]
use std::process;

use mudlark_hooks::Sink;

use super::growing::{End, GrowingFile};
use super::kept::KeptFile;
#[cfg(unix)]
use super::left::Left;
#[cfg(unix)]
use super::path::LogPath;
#[cfg(unix)]
use crate::engine::forking;
use crate::signals::without_signals;
use crate::start_error::StartError;

/// The file of a log.
///
/// When it cannot be written any more, as when the disk is full, when it has come to its limit, or when the program has closed all files
/// that it can name, the log ends there; the program goes on.
pub(crate) struct LogFile {
    file: Option<GrowingFile>,
    /// Why the last chunk is not there, or one before it.
    failure: Option<End>,
    /// In a forked child the file is there when there is something to write: with this path, and at most so long.
    #[cfg(unix)]
    path: LogPath,
    #[cfg(unix)]
    limit: u64,
}

/// Where a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a file of its own, whatever was there.
    Anew,
    /// Behind what is in the file.
    Behind,
    /// Into a file beside, behind what this process may have written there before it became another program.
    OfChild,
}

impl LogFile {
    /// The file of the process that was started, or of a child of it: then that has one beside `path`. It has so many bytes at most.
    pub(crate) fn create(path: &Path, place: Place, limit: u64) -> Result<Self, StartError> {
        #[cfg(unix)]
        return Self::create_or_go_on(LogPath::of(path).map_err(StartError::File)?, place, limit);
        #[cfg(not(unix))]
        Ok(Self { file: Some(create(path, place, limit)?), failure: None })
    }

    #[cfg(unix)]
    fn create_or_go_on(mut path: LogPath, place: Place, limit: u64) -> Result<Self, StartError> {
        if place == Place::OfChild {
            path = path.of_child(process::id());
        }
        let left = if place == Place::Anew { None } else { Left::beside(&path) };
        if place == Place::OfChild && left.is_none() {
            return Ok(Self { file: None, failure: None, path, limit });
        }
        let mut file = create(&path.with("").unwrap_or_default(), place, limit)?;
        if let Some(left) = left {
            without_signals(|| left.append_to(&mut file));
        }
        Ok(Self { file: Some(file), failure: None, path, limit })
    }

    /// Why no more than last words may be written, if that is so.
    pub(super) fn end(&self) -> Option<End> {
        self.failure.or_else(|| self.file.as_ref().and_then(GrowingFile::end))
    }

    /// Why the last chunk is not there, if that is so.
    pub(super) const fn failure(&self) -> Option<End> {
        self.failure
    }

    /// The path of the file, with another ending behind it, and zeroes.
    #[cfg(unix)]
    #[cfg_attr(miri, expect(dead_code, reason = "there is no tail"))]
    pub(super) fn path_with(&self, ending: &str) -> Option<[u8; 512]> {
        self.path.text(ending)
    }

    /// The file of a forked child of the process that writes this one. The child has a copy of that, which is closed.
    #[cfg(unix)]
    pub(super) const fn of_child(&mut self, process: u32) -> Self {
        Self { file: None, failure: None, path: self.path.of_forked_child(process), limit: self.limit }
    }
}

/// A file for the process that was started.
fn create(path: &Path, place: Place, limit: u64) -> Result<GrowingFile, StartError> {
    let mut file = KeptFile::open(path)?;
    if place == Place::Anew {
        file.shorten(0).map_err(StartError::File)?;
    }
    GrowingFile::behind(file, limit).map_err(StartError::File)
}

impl Sink for LogFile {
    fn write(&mut self, chunk: &[u8]) {
        // A handler may fork, and a child must not go on with its parent's chunk.
        without_signals(|| self.write_uninterrupted(chunk));
    }
}

impl LogFile {
    fn write_uninterrupted(&mut self, chunk: &[u8]) {
        #[cfg(unix)]
        if forking::is_astray() {
            return;
        }
        #[cfg(unix)]
        if self.file.is_none() {
            self.file = self.path.create(self.limit);
        }
        let Some(file) = &mut self.file else { return };
        let has_failed = self.failure.is_some();
        let written = if has_failed { file.append_last_words(chunk) } else { file.append(chunk) };
        self.failure = self.failure.or(written.err());
    }
}
