//! Where memory comes from: the operating system, or, where that has no `mmap`, std's [`System`](std::alloc::System).
//! And what else only a system can do.
//!
//! The contract, for every system:
//!
//! - [`acquire`] hands out zeroed memory that is valid for reads and writes and shared with no one until released;
//! - sizes and alignments are what the caller says; a system may round them up, and then does so again on release;
//! - but for [`around_fork`] and [`start_thread`], nothing here calls the global allocator;
//! - the program's `errno` stays as it was.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;

use super::stats::RESERVED;
use super::watch::{self, RegionChange};

#[cfg(all(unix, not(miri)))]
mod errno;
#[cfg(all(unix, not(miri)))]
mod os;
#[cfg(not(all(unix, not(miri))))]
mod system;

#[cfg(all(unix, not(miri)))]
use os as platform;
#[cfg(not(all(unix, not(miri))))]
use system as platform;

/// Whether memory that was never touched takes address space only.
pub(crate) const UNTOUCHED_IS_FREE: bool = platform::UNTOUCHED_IS_FREE;

/// Whether memory is as it came from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It is zero.
    Yes,
    /// It may hold anything.
    No,
}

/// Zeroed memory of `size` bytes, aligned to the power of two `align`; `None` when there is none to be had.
///
/// `size` is not zero.
pub(crate) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let start = platform::acquire(size, align)?;
    RESERVED.fetch_add(size, Relaxed);
    watch::tell(RegionChange::Taken { start, size });
    Some(start)
}

/// Gives memory back.
///
/// # Safety
///
/// `start` came from [`acquire`] or [`resize`] with this `size` and `align`, and nobody uses the memory any more.
pub(crate) unsafe fn release(start: NonNull<u8>, size: usize, align: usize) {
    // Before, since somebody else may get these addresses as soon as they are free.
    watch::tell(RegionChange::GivenBack { start, size });
    // SAFETY: the caller's promise is the same.
    unsafe { platform::release(start, size, align) };
    RESERVED.fetch_sub(size, Relaxed);
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
    RESERVED.fetch_sub(old_size, Relaxed);
    RESERVED.fetch_add(new_size, Relaxed);
    watch::tell(RegionChange::GivenBack { start, size: old_size });
    watch::tell(RegionChange::Taken { start: moved, size: new_size });
    Some(moved)
}

/// Gives back memory that stays acquired, as far as the system can do that: the addresses are still there to be used.
///
/// # Safety
///
/// The caller has the `size` bytes from `start` on, of memory that was acquired, and does not need what is in them. Both
/// ends are between OS pages.
pub(crate) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: the caller's promise is the same.
    unsafe { platform::purge(start, size) }
}

/// Has the system make memory present that will be used soon, if it can do so at once.
///
/// # Safety
///
/// The caller has the `size` bytes from `start` on, of memory that was acquired. Both ends are between OS pages.
pub(crate) unsafe fn populate(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { platform::populate(start, size) };
}

/// The most memory that the process has ever had, in bytes, where the system counts that. It may count in what the process
/// had before it became this program.
pub(crate) fn peak_resident() -> Option<usize> {
    platform::peak_resident()
}

/// The size of an OS page: the least that can be purged.
pub(crate) fn os_page_size() -> usize {
    platform::os_page_size()
}

/// Makes memory zero, in the way that costs least.
///
/// # Safety
///
/// The caller has the `size` bytes from `start` on, which is at a multiple of 64 KiB, and the rest of the last 64 KiB,
/// and does not need what is in them.
pub(crate) unsafe fn clear(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { platform::clear(start, size) };
}

/// Has the system call `before` before every fork of the process, and the others after it, where there are forks. May
/// allocate.
pub(crate) fn around_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    platform::around_fork(before, in_parent, in_child);
}

/// Takes the lock of the C library's list of streams, where it has one, until [`let_go_streams`] or, in a forked child,
/// [`free_streams`]. Called without a lock, by a thread that forks.
///
/// The C library takes that lock in a fork itself, but after what [`around_fork`] arranges for. A thread that flushes all
/// streams has the lock and waits for each stream in turn, and whoever uses a stream may wait for the allocator: so to take
/// the allocator's locks first would be to wait for each other in a circle.
pub(crate) fn hold_streams() {
    platform::hold_streams();
}

/// Undoes [`hold_streams`] in the process that has forked.
pub(crate) fn let_go_streams() {
    platform::let_go_streams();
}

/// Undoes [`hold_streams`] in the child, where the C library may have done so already.
pub(crate) fn free_streams() {
    platform::free_streams();
}

/// The system has no thread to give.
#[derive(Debug)]
pub(crate) struct NoThread;

/// What a thread is for.
pub(crate) trait Work: 'static {
    /// What it does, with the allocator's own thread-locals only.
    fn work();
}

/// Whether [`start_thread`] makes threads that the C library knows nothing of. To start one takes none of its locks and does
/// not allocate, and the thread must call nothing of the C library's that knows of threads.
pub(crate) const BARE_THREADS: bool = platform::BARE_THREADS;

/// Starts a thread, on a stack that has room for little but its work, and that no signal of the program is handled on.
/// Nobody waits for its end. Called without a lock, and while no other thread so started has work left to do. May allocate,
/// unless these are [bare](BARE_THREADS).
pub(crate) fn start_thread<W: Work>() -> Result<(), NoThread> {
    platform::start_thread::<W>()
}

/// In a forked child, where the thread is not that has been started.
pub(crate) fn forget_thread() {
    platform::forget_thread();
}

/// Lets time go by.
pub(crate) fn sleep(duration: Duration) {
    platform::sleep(duration);
}

/// Writes a message to standard error, as far as that is possible.
pub(crate) fn complain(message: &[u8]) {
    platform::complain(message);
}
