//! Where memory comes from: the operating system, or, where that has no `mmap`, std's [`System`](std::alloc::System).
//!
//! The contract, for every system:
//!
//! - [`acquire`] hands out zeroed memory that is valid for reads and writes and shared with no one until released;
//! - sizes and alignments are what the caller says; a system may round them up, and then does so again on release;
//! - but for [`around_fork`], nothing here calls the global allocator.

use core::ptr::NonNull;

use super::region::Fresh;
use super::stats::COUNTERS;

#[cfg(all(unix, not(miri)))]
mod os;
#[cfg(not(all(unix, not(miri))))]
mod system;

#[cfg(all(unix, not(miri)))]
use os as platform;
#[cfg(not(all(unix, not(miri))))]
use system as platform;

/// Zeroed memory of `size` bytes, aligned to the power of two `align`; `None` when there is none to be had.
///
/// `size` is not zero.
pub(crate) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let start = platform::acquire(size, align)?;
    COUNTERS.reserve(size);
    Some(start)
}

/// Gives memory back.
///
/// # Safety
///
/// `start` came from [`acquire`] or [`resize`] with this `size` and `align`, and nobody uses the memory any more.
pub(crate) unsafe fn release(start: NonNull<u8>, size: usize, align: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { platform::release(start, size, align) };
    COUNTERS.unreserve(size);
}

/// The same memory with another size, perhaps elsewhere; `None` when the system cannot do that without a copy, and
/// then nothing has changed. What a growing block gains is zeroed, or is the rest of the old block's last OS page.
///
/// # Safety
///
/// As for [`release`], with `old_size`; `new_size` is not zero. On success `start` is released.
pub(crate) unsafe fn resize(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    // SAFETY: the caller's promise is the same.
    let moved = unsafe { platform::resize(start, old_size, new_size, align) }?;
    COUNTERS.unreserve(old_size);
    COUNTERS.reserve(new_size);
    Some(moved)
}

/// The size of an OS page.
pub(crate) fn os_page_size() -> usize {
    platform::os_page_size()
}

/// Gives back the memory, but not the addresses. Says whether it is zero from now on.
///
/// # Safety
///
/// The memory came from [`acquire`], begins and ends between OS pages, and nobody relies on what is in it.
pub(crate) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: the caller's promise is the same.
    unsafe { platform::purge(start, size) }
}

/// Has the system call `before` before every fork of the process, and the others after it, where there are forks. May
/// allocate.
pub(crate) fn around_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    platform::around_fork(before, in_parent, in_child);
}

/// Writes a message to standard error, as far as that is possible.
pub(crate) fn complain(message: &[u8]) {
    platform::complain(message);
}
