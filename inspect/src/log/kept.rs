//! A file that the program does not know of, and may close all the same: daemons close every descriptor that there may be.
//!
//! ```text
//!   0 1 2 3 4 5 …                      896 … 1100 …
//!   the program's own, lowest first     ▲ the log's, out of the way of loops over the low ones
//! ```
//!
//! Who closes that one too may get its number for a file of its own. So it is asked before each use whether it still is the
//! file that was opened.

use core::mem;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::claim::claim;
use crate::start_error::StartError;

/// An open file, out of the program's way.
#[derive(Debug)]
pub(super) struct KeptFile {
    /// There until the drop.
    file: Option<File>,
    identity: Identity,
}

/// What tells an open file from others: its device, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::from(&metadata))
    }
}

impl KeptFile {
    /// Opens a file, which may be new, to write behind what is in it.
    pub(super) fn open(path: &Path) -> Result<Self, StartError> {
        let file = File::options().append(true).create(true).open(path).map_err(StartError::File)?;
        Self::keep(file)
    }

    /// Keeps this file, unless another process writes it.
    pub(super) fn keep(file: File) -> Result<Self, StartError> {
        let file = raised(file);
        let metadata = file.metadata().map_err(StartError::File)?;
        // Into a device, whoever likes may write.
        if metadata.is_file() {
            claim(&file)?;
        }
        Ok(Self { file: Some(file), identity: Identity::from(&metadata) })
    }

    /// Writes to the file's end, unless its descriptor has become another's.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.own()?.write_all(bytes)
    }

    /// Has the file be no longer than this.
    pub(super) fn shorten(&mut self, len: u64) -> io::Result<()> {
        if self.len()? > len { self.own()?.set_len(len) } else { Ok(()) }
    }

    /// The file's length.
    pub(super) fn len(&mut self) -> io::Result<u64> {
        self.own()?.metadata().map(|metadata| metadata.len())
    }

    /// The file, if it still is the one that was opened.
    fn own(&mut self) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) if Identity::of(file)? == self.identity => Ok(file),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        if let Some(file) = self.file.take()
            && Identity::of(&file).ok() != Some(self.identity)
        {
            // It is not ours to be closed.
            mem::forget(file);
        }
    }
}

/// The same file by a high number; by its own if there is none.
fn raised(file: File) -> File {
    // SAFETY: the call takes a descriptor and a number.
    let high = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest()) };
    if high < 0 {
        return file;
    }
    // SAFETY: just made, and nobody else's.
    unsafe { File::from_raw_fd(high) }
}

/// The lowest number that is out of the way: above a thousand, which many loops end at, or near the limit if that is lower.
fn lowest() -> libc::c_int {
    const HIGH: libc::rlim_t = 1100;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it is written to.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let below = limit.rlim_cur - limit.rlim_cur / 8;
    libc::c_int::try_from(below.min(HIGH)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("mudlark-kept-{}-{name}", std::process::id()))
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no limits of resources")]
    fn a_file_that_got_the_descriptor_is_neither_written_nor_closed() {
        let (ours, theirs) = (path("ours"), path("theirs"));
        let mut kept = KeptFile::keep(File::create(&ours).expect("it can be made")).expect("it is kept");
        kept.write_all(b"whole").expect("it can be written");
        let descriptor = kept.file.as_ref().expect("it is there").as_raw_fd();
        assert!(descriptor >= 200, "{descriptor} is in the program's way");
        let other = File::create(&theirs).expect("it can be made");
        // SAFETY: both are open.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), descriptor) }, descriptor);
        assert!(kept.write_all(b"astray").is_err());
        drop(kept);
        // SAFETY: that is what is asked: whether it is still open.
        assert!(unsafe { libc::close(descriptor) } == 0, "the other file was closed");
        assert_eq!(std::fs::read(&ours).expect("it is there"), b"whole");
        assert_eq!(std::fs::read(&theirs).expect("it is there"), b"");
        for file in [ours, theirs] {
            std::fs::remove_file(file).expect("it is ours");
        }
    }
}
