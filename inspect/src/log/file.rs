//! Where a log's chunks go: a file, which a forked child has one of its own of.

#[cfg(not(unix))]
use std::fs::File as KeptFile;
use std::fs::File;
use std::io;
#[cfg(not(unix))]
use std::io::Write;
use std::path::Path;
#[cfg(unix)]
use std::process;

use mudlark_hooks::Sink;

#[cfg(unix)]
use super::kept::KeptFile;
#[cfg(unix)]
use crate::engine::forking;
use crate::signals::{take_back_file_size, without_signals};

/// The file of a log.
///
/// When it cannot be written any more, as when the disk is full or the program has closed all files that it can name, the log
/// ends there; the program goes on.
pub(crate) struct LogFile {
    file: Option<KeptFile>,
    /// In a forked child the file is there when there is something to write.
    #[cfg(unix)]
    path: child::PathOfChild,
}

impl LogFile {
    /// The file of the process that was started, or of a child of it: then that has one beside `path`.
    pub(crate) fn create(path: &Path, place: Place) -> io::Result<Self> {
        #[cfg(unix)]
        let beside = child::PathOfChild::beside(path)?;
        #[cfg(unix)]
        if place == Place::OfChild {
            return Ok(Self { file: None, path: beside.of(process::id(), libc::O_APPEND) });
        }
        let mut options = File::options();
        if place == Place::Behind {
            options.append(true).create(true);
        } else {
            options.write(true).create(true).truncate(true);
        }
        Ok(Self {
            #[cfg(unix)]
            file: Some(KeptFile::keep(options.open(path)?)?),
            #[cfg(not(unix))]
            file: Some(options.open(path)?),
            #[cfg(unix)]
            path: beside,
        })
    }
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
            self.file = self.path.create();
        }
        if let Some(file) = &mut self.file
            && file.write_all(chunk).is_err()
        {
            take_back_file_size();
            self.file = None;
            #[cfg(unix)]
            self.path.forget();
        }
    }
}

#[cfg(unix)]
mod child {
    use std::fs::File;
    use std::io::{self, Write};
    use std::os::fd::FromRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::{KeptFile, LogFile};

    /// The path of a child's log, «out.1234.mmt» beside «out.mmt». In memory of its own: it is needed in the midst of an
    /// allocation.
    ///
    /// # Invariants
    ///
    /// `stem` is at most `len`, which leaves [`ROOM`] bytes.
    #[derive(Clone, Copy)]
    pub(super) struct PathOfChild {
        /// The path of the process that was started.
        bytes: [u8; 512],
        /// Its length without the extension, and with it.
        stem: usize,
        len: usize,
        /// The number of the child; zero if there is nothing to be created.
        process: u32,
        /// What becomes of a file that is there.
        mode: libc::c_int,
    }

    /// For a point, a number, the ending of a tail, and the zero at the end.
    const ROOM: usize = 24;

    impl PathOfChild {
        /// For children of who writes this file.
        pub(super) fn beside(parent: &Path) -> io::Result<Self> {
            // The child may be somewhere else.
            let path = std::path::absolute(parent)?;
            let text = path.as_os_str().as_bytes();
            let mut bytes = [0; 512];
            if text.len() + ROOM > bytes.len() {
                return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the path is too long"));
            }
            bytes[..text.len()].copy_from_slice(text);
            let extension = path.extension().map_or(0, |extension| extension.len() + 1);
            Ok(Self { bytes, stem: text.len() - extension, len: text.len(), process: 0, mode: 0 })
        }

        /// The path of this child.
        pub(super) const fn of(mut self, process: u32, mode: libc::c_int) -> Self {
            (self.process, self.mode) = (process, mode);
            self
        }

        /// The file, if this is a child.
        pub(super) fn create(&self) -> Option<KeptFile> {
            const NEW: libc::c_int = libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC;
            if self.process == 0 {
                return None;
            }
            let path = self.text("")?;
            // SAFETY: the path ends with a zero.
            let file = unsafe { libc::open(path.as_ptr().cast(), NEW | self.mode, 0o644) };
            if file < 0 {
                return None;
            }
            // SAFETY: just opened, and nobody else's.
            KeptFile::keep(unsafe { File::from_raw_fd(file) }).ok()
        }

        /// The path, of this child if it is one, with another ending behind it, and zeroes.
        pub(super) fn text(&self, ending: &str) -> Option<[u8; 512]> {
            let mut path = [0_u8; 512];
            let (stem, extension) = self.bytes[..self.len].split_at(self.stem);
            let mut room = &mut path[..511];
            room.write_all(stem).ok()?;
            if self.process != 0 {
                write!(room, ".{}", self.process).ok()?;
            }
            room.write_all(extension).ok()?;
            room.write_all(ending.as_bytes()).ok()?;
            Some(path)
        }

        /// Nothing will be created any more.
        pub(super) const fn forget(&mut self) {
            self.process = 0;
        }
    }

    impl LogFile {
        /// The path of the file, with another ending behind it, and zeroes.
        #[cfg_attr(miri, expect(dead_code, reason = "there is no tail"))]
        pub(in crate::log) fn path_with(&self, ending: &str) -> Option<[u8; 512]> {
            self.path.text(ending)
        }

        /// The file of a forked child of the process that writes this one. The child has a copy of that, which is closed.
        pub(in crate::log) const fn of_child(&mut self, process: u32) -> Self {
            Self { file: None, path: self.path.of(process, libc::O_TRUNC) }
        }
    }
}
