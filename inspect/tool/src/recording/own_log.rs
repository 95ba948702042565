//! The log that a program is about to write: no other recording may write it, and it may be moved meanwhile.
//!
//! ```text
//!   mudlark record ── has a name of its own for the file, from before the program runs ──▸ another `mudlark record`
//!       │
//!    program ── has the file locked while it writes it ─────────────────────────────────▸ any other process
//! ```
//!
//! The recorder locks the file itself, but it may begin late, or never: so its own process tells the others by a name which
//! the system has one of, and takes back however the process ends.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mudlark_hooks::Chunk;

use crate::error::Error;
use crate::log_file::LogFile;
use crate::model::{EndedEarly, Model};
use system::Turn;

/// A log's file, which is this recording's.
#[derive(Debug)]
pub(crate) struct OwnLog {
    path: PathBuf,
    file: File,
    /// Kept as long as the recording is made.
    _turn: Option<Turn>,
}

/// Where a log's file is when its program has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it was made.
    There,
    /// Somewhere else.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there nobody knows where a file is moved to"))]
    Moved(PathBuf),
    /// Nowhere any more.
    Removed,
}

impl OwnLog {
    /// Makes sure that the log can be written before the program runs, that nobody else writes it, and that none is there which
    /// is another's.
    ///
    /// # Errors
    ///
    /// If one of these is not so.
    pub(crate) fn claim(path: &Path) -> Result<Self, Error> {
        let failed = |cause| Error::Write { path: path.to_owned(), cause };
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::Usage(format!("{} is not a file: a log is written to one", path.display())));
        }
        let in_use = |process| Error::InUse { path: path.to_owned(), process };
        let turn = system::take_turn(&metadata).map_err(|_taken| in_use(None))?;
        if let Some(writer) = system::writer_of(&file) {
            return Err(in_use(writer.process));
        }
        file.set_len(0).map_err(failed)?;
        crate::tail::remove(path);
        see_that_there_is_room(&file).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, _turn: turn })
    }

    /// Where the file is now.
    pub(crate) fn place(&self) -> Place {
        system::place_of(&self.file, &self.path)
    }

    /// What is in it, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }
}

/// On a disk that is full already, a log would be empty.
fn see_that_there_is_room(mut file: &File) -> io::Result<()> {
    let written = file.write_all(&[0; 4096]);
    file.set_len(0)?;
    written
}

/// Why a log ends before its program, if it does.
pub(crate) fn ended_early(log: &Path) -> Option<EndedEarly> {
    EndedEarly::at_the_end_of(&last_bytes(log)?)
}

/// Whether no request is in a log.
pub(crate) fn has_no_request(log: &Path) -> bool {
    let is_short = fs::metadata(log).is_ok_and(|metadata| metadata.len() < ENOUGH);
    is_short && last_bytes(log).is_some_and(|bytes| model_of(&bytes).is_empty())
}

fn model_of(log: &[u8]) -> Model {
    let mut model = Model::default();
    LogFile::new(log).read_to_end(|chunk| _ = model.read_chunk(chunk)).expect("memory can be read");
    model
}

/// Bytes from a log's end that have all that is written when it ends. A log that has no more than these has next to nothing.
const ENOUGH: u64 = 2 * Chunk::MAX_LEN as u64;

fn last_bytes(log: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(log).ok()?;
    let begin = file.metadata().ok()?.len().saturating_sub(ENOUGH);
    file.seek(SeekFrom::Start(begin)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether a process writes this log now, with its number if that is known.
pub(crate) fn writer_of(log: &Path) -> Option<Writer> {
    system::writer_of(&File::open(log).ok()?)
}

/// A process that writes a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// Its number; processes elsewhere have none here.
    pub(crate) process: Option<u32>,
}

#[cfg(unix)]
mod system {
    use std::fs::{self, Metadata};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixListener;

    use rustix::process::{Flock, FlockType, fcntl_getlk};

    use super::{File, Path, Place, Writer};

    /// A name that one process can have.
    pub(super) type Turn = UnixListener;

    /// Another process has it.
    #[derive(Debug)]
    pub(super) struct Taken;

    /// Takes the name that stands for this file, if there are such names.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn take_turn(file: &Metadata) -> Result<Option<Turn>, Taken> {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        // Of what is called so, nothing is in the file system.
        let name = format!("mudlark-record/{}/{}", file.dev(), file.ino());
        match SocketAddr::from_abstract_name(name).and_then(|name| Turn::bind_addr(&name)) {
            Ok(turn) => Ok(Some(turn)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(Taken),
            Err(_) => Ok(None),
        }
    }

    /// There are no such names.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn take_turn(_file: &Metadata) -> Result<Option<Turn>, Taken> {
        Ok(None)
    }

    pub(super) fn writer_of(file: &File) -> Option<Writer> {
        let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
        Some(Writer { process: lock.pid.and_then(|process| process.as_raw_nonzero().get().try_into().ok()) })
    }

    pub(super) fn place_of(file: &File, path: &Path) -> Place {
        let Ok(own) = file.metadata() else { return Place::There };
        let is_own = |there: &Metadata| (there.dev(), there.ino()) == (own.dev(), own.ino());
        if fs::metadata(path).is_ok_and(|there| is_own(&there)) {
            return Place::There;
        }
        let now = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok();
        let found = now.filter(|now| fs::metadata(now).is_ok_and(|there| is_own(&there)));
        found.map_or(Place::Removed, Place::Moved)
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::Metadata;

    use super::{File, Path, Place, Writer};

    /// There are no names.
    #[derive(Debug)]
    pub(super) struct Turn;

    #[derive(Debug)]
    pub(super) struct Taken;

    pub(super) fn take_turn(_file: &Metadata) -> Result<Option<Turn>, Taken> {
        Ok(None)
    }

    pub(super) fn writer_of(_file: &File) -> Option<Writer> {
        None
    }

    pub(super) fn place_of(_file: &File, path: &Path) -> Place {
        if path.exists() { Place::There } else { Place::Removed }
    }
}
