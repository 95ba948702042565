//! Who writes a file: one process at a time. Each asks for a lock that the system takes back when the process closes the file, or
//! ends, however it does; a forked child does not have it.

use core::mem;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::start_error::StartError;

/// Has this process be the one that writes the file, unless another one is. Where files cannot be locked, nobody knows, and it may
/// write.
///
/// What the process opens of the same file later must stay open as long: to close that gives the lock back, too.
pub(super) fn claim(file: &File) -> Result<(), StartError> {
    let mut lock = whole_file();
    // SAFETY: the lock is described by what the call takes.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error().raw_os_error();
    if error != Some(libc::EAGAIN) && error != Some(libc::EACCES) {
        return Ok(());
    }
    // SAFETY: likewise; it is written to.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) };
    Err(StartError::InUse { process: u32::try_from(lock.l_pid).unwrap_or(0) })
}

/// The lock of who writes.
fn whole_file() -> libc::flock {
    // SAFETY: zeroes are one: of a file, from its beginning to wherever it ends.
    let mut lock: libc::flock = unsafe { mem::zeroed() };
    // The numbers of these kinds are small.
    lock.l_type = libc::c_short::try_from(libc::F_WRLCK).unwrap_or(0);
    lock.l_whence = libc::c_short::try_from(libc::SEEK_SET).unwrap_or(0);
    lock
}
