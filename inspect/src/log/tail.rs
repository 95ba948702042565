//! What is collected and not yet in the log's file, in memory that is shared with a file beside it:
//!
//! ```text
//!   collected       │ records … │               private: what the next chunk is made of
//!                        ▼ a copy of each record, as it comes
//!   out.mmt.tail    │ process │ progress │ records … │
//! ```
//!
//! What is in shared memory is the system's, without a call, and stays in the file whatever ends the process: a crash, an
//! `abort`, a signal that nobody can catch. No handler of signals is needed for that, which would be in the program's way.
//!
//! The file takes all its room when it is made, so that a full disk does not end the program when it writes there. (A file
//! system that writes each change to another place, as Btrfs, may run out of room later all the same.) Were somebody to shorten it,
//! the program would be ended by `SIGBUS`: so it may only be read, unless its owner says otherwise first, or the superuser does not
//! care. To remove or move it does no harm.

use core::ffi::c_int;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering};

use mudlark_hooks::{Chunk, Tail as Format};

use super::{CHUNK, LogFile};
use crate::signals::{take_back_file_size, without_signals};

/// Bytes of the file.
const LEN: usize = (Format::RECORDS_AT + CHUNK).next_multiple_of(4096);

/// The tail of a log.
#[expect(clippy::large_enum_variant, reason = "there is one, which stays where it is")]
pub(super) enum Tail {
    /// There is none, until something is written.
    None,
    Mapped(Mapped),
    /// It cannot be made.
    Impossible,
}

impl Tail {
    pub(super) const fn new() -> Self {
        Self::None
    }

    /// Has the tail have all of this chunk, which is collected for that file.
    #[inline]
    pub(super) fn follow(&mut self, chunk: Chunk<'_>, process: u32, file: &LogFile) {
        match self {
            Self::Mapped(mapped) => mapped.follow(chunk),
            Self::None if !chunk.payload().is_empty() => self.make(chunk, process, file),
            Self::None | Self::Impossible => {}
        }
    }

    #[cold]
    fn make(&mut self, chunk: Chunk<'_>, process: u32, file: &LogFile) {
        let mapped = file.path_with(".tail").and_then(|path| without_signals(|| Mapped::create(path, process)));
        *self = mapped.map_or(Self::Impossible, Self::Mapped);
        if let Self::Mapped(mapped) = self {
            mapped.follow(chunk);
        }
    }

    /// In a forked child: the file is the parent's. There may be another one for this process.
    pub(super) fn leave_to_parent(&mut self) {
        *self = Self::None;
    }

    /// All that is collected is in the log's file: so there is no tail any more, until something is written.
    pub(super) fn remove(&mut self) {
        if let Self::Mapped(mapped) = self {
            mapped.unlink();
            *self = Self::None;
        }
    }
}

/// A file in shared memory.
///
/// # Invariants
///
/// `start` is a mapping of [`LEN`] bytes, aligned to an OS page, which this process alone writes to. Its file is as long, and nobody
/// shortens it: who opens it may read it.
pub(super) struct Mapped {
    start: NonNull<u8>,
    /// The file's, and zeroes.
    path: [u8; 512],
    /// What the file has: of which chunk, and how much.
    sequence: u32,
    len: usize,
}

// SAFETY: the mapping is its own.
unsafe impl Send for Mapped {}

impl Mapped {
    /// A file at this path, which ends with a zero.
    fn create(path: [u8; 512], process: u32) -> Option<Self> {
        const NEW: c_int = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
        // One that is there is older, and may be in another process's memory: it is not to be shortened.
        // SAFETY: the path ends with a zero.
        unsafe { libc::unlink(path.as_ptr().cast()) };
        // SAFETY: likewise.
        let file = unsafe { libc::open(path.as_ptr().cast(), NEW, 0o444) };
        if file < 0 {
            return None;
        }
        let start = if fill(file) { map(file) } else { None };
        // SAFETY: just opened; the mapping stays.
        unsafe { libc::close(file) };
        if start.is_none() {
            take_back_file_size();
            // SAFETY: as above.
            unsafe { libc::unlink(path.as_ptr().cast()) };
        }
        let start = start?;
        let beginning = Format::beginning(process);
        // SAFETY: there is room for it, in memory that nobody else has.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(&beginning).cast(), beginning.len()) };
        // INVARIANT: just mapped, of a file that was just made and filled.
        Some(Self { start, path, sequence: 0, len: 0 })
    }

    /// Copies what is new.
    fn follow(&mut self, chunk: Chunk<'_>) {
        let known = if chunk.sequence == self.sequence { self.len } else { 0 };
        let Some(new) = chunk.payload().get(known..).filter(|_| chunk.payload().len() <= CHUNK) else { return };
        // SAFETY: no chunk of this log is longer than the room behind the beginning.
        let to = unsafe { self.start.add(Format::RECORDS_AT + known) };
        // SAFETY: there is room, as above, and what is new is in other memory.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(new).cast(), new.len()) };
        (self.sequence, self.len) = (chunk.sequence, chunk.payload().len());
        // Release: whoever sees this, in this memory or in the file, sees the records.
        self.progress().store(Format::progress(self.sequence, self.len).to_le(), Ordering::Release);
    }

    fn progress(&self) -> &AtomicU64 {
        // SAFETY: it lies in the mapping.
        let place = unsafe { self.start.add(Format::PROGRESS_AT) };
        // SAFETY: it is aligned, as the mapping is, and lives as long; it is only used as this.
        unsafe { AtomicU64::from_ptr(place.as_ptr().cast()) }
    }

    /// Removes the file; what is in memory goes with the drop.
    fn unlink(&self) {
        // SAFETY: the path ends with a zero.
        unsafe { libc::unlink(self.path.as_ptr().cast()) };
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant, and nobody uses it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), LEN) };
    }
}

/// Writes zeroes, so that the file has all its room. Whether that could be done.
fn fill(file: c_int) -> bool {
    // Not on the stack, which may be small.
    static ZEROES: [u8; LEN] = [0; LEN];
    // SAFETY: the bytes may be read.
    let written = unsafe { libc::write(file, ZEROES.as_ptr().cast(), LEN) };
    written == LEN.cast_signed()
}

/// The file in shared memory.
fn map(file: c_int) -> Option<NonNull<u8>> {
    const READ_WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: it asks for new memory only, of a file that is so long.
    let start = unsafe { libc::mmap(ptr::null_mut(), LEN, READ_WRITE, libc::MAP_SHARED, file, 0) };
    NonNull::new(start.cast()).filter(|_| start != libc::MAP_FAILED)
}

#[cfg(test)]
mod tests {
    use core::ffi::c_uint;
    use std::fs::{self, File, Permissions};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Has this thread open files as somebody without the superuser's rights, as long as `f` takes.
    fn as_anyone<R>(f: impl FnOnce() -> R) -> R {
        const NOBODY: c_uint = 65_534;
        // SAFETY: it is of this thread alone, and may be refused.
        let before = unsafe { libc::syscall(libc::SYS_setfsuid, NOBODY) };
        let answer = f();
        // SAFETY: likewise.
        unsafe { libc::syscall(libc::SYS_setfsuid, before) };
        answer
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nobody_who_is_not_the_superuser_shortens_a_tail_that_is_in_memory() {
        let folder = std::env::temp_dir().join(format!("mudlark-tail-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it can be made");
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).expect("it is ours");
        let path = folder.join("out.mmt.tail");
        let mut text = [0; 512];
        text[..path.as_os_str().len()].copy_from_slice(path.as_os_str().as_bytes());
        as_anyone(|| {
            let Some(mut mapped) = Mapped::create(text, 1) else {
                return eprintln!("SKIPPED: not everybody may come to {}", folder.display());
            };
            let shortened = File::options().write(true).truncate(true).open(&path);
            assert!(shortened.is_err(), "the next word would be the program's last");
            mapped.follow(Chunk::new(7, b"words").expect("they are few"));
            let tail = fs::read(&path).expect("it is there");
            let tail = Format::read(&tail).expect("it is whole");
            assert_eq!((tail.chunk.sequence, tail.chunk.payload()), (7, &b"words"[..]));
        });
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
