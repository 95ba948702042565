//! What a log's file is called, and that of a child.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::FromRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::growing::GrowingFile;
use super::kept::KeptFile;

/// The path of a log: «out.mmt», or «out.1234.mmt» beside it for a child. In memory of its own: it is needed in the midst of an
/// allocation.
///
/// # Invariants
///
/// `stem` is at most `len`, which leaves [`ROOM`] bytes.
#[derive(Clone, Copy)]
pub(super) struct LogPath {
    /// The path of the process that was started.
    bytes: [u8; 512],
    /// Its length without the extension, and with it.
    stem: usize,
    len: usize,
    /// The number of the child, or zero.
    process: u32,
    /// Whether that was forked, and not started as a program of its own: then what is in the file is an older process's.
    is_forked: bool,
}

/// For a point, a number, the ending of a tail, and the zero at the end.
const ROOM: usize = 24;

impl LogPath {
    /// Of the process that was started.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        // A child may be somewhere else.
        let path = std::path::absolute(path)?;
        let text = path.as_os_str().as_bytes();
        let mut bytes = [0; 512];
        if text.len() + ROOM > bytes.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the path is too long"));
        }
        bytes[..text.len()].copy_from_slice(text);
        let extension = path.extension().map_or(0, |extension| extension.len() + 1);
        Ok(Self { bytes, stem: text.len() - extension, len: text.len(), process: 0, is_forked: false })
    }

    /// Of a child that was started.
    pub(super) const fn of_child(mut self, process: u32) -> Self {
        (self.process, self.is_forked) = (process, false);
        self
    }

    /// Of a child that was forked.
    pub(super) const fn of_forked_child(mut self, process: u32) -> Self {
        (self.process, self.is_forked) = (process, true);
        self
    }

    /// The file, if this is a child, in the midst of an allocation.
    pub(super) fn create(&self, limit: u64) -> Option<GrowingFile> {
        const NEW: libc::c_int = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
        if self.process == 0 {
            return None;
        }
        let path = self.text("")?;
        // SAFETY: the path ends with a zero.
        let file = unsafe { libc::open(path.as_ptr().cast(), NEW, 0o644) };
        if file < 0 {
            return None;
        }
        // SAFETY: just opened, and nobody else's.
        let mut file = KeptFile::keep(unsafe { File::from_raw_fd(file) }).ok()?;
        if self.is_forked {
            file.shorten(0).ok()?;
        }
        GrowingFile::behind(file, limit).ok()
    }

    /// The path, with another ending behind it.
    pub(super) fn with(&self, ending: &str) -> Option<PathBuf> {
        let text = self.text(ending)?;
        let path = text.split(|&byte| byte == 0).next().unwrap_or_default();
        Some(OsString::from_vec(path.to_vec()).into())
    }

    /// The path, with another ending behind it, and zeroes.
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
}
