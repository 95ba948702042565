//! Memory by `mmap`, for every Unix. What systems do in their own ways is in `linux` and `other`.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod other;

#[cfg_attr(all(feature = "malloc", target_os = "linux", target_env = "gnu"), path = "os/streams/glibc.rs")]
mod streams;

#[cfg_attr(
    all(feature = "malloc", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(tsan)),
    path = "os/thread/bare.rs"
)]
mod thread;

#[cfg(any(target_os = "linux", target_os = "android"))]
use linux as kernel;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use other as kernel;

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::time::Duration;

use super::Fresh;
use super::errno::keeping_errno;

pub(super) use streams::{free_streams, hold_streams, let_go_streams};
pub(super) use thread::{BARE_THREADS, forget_thread, start_thread};

pub(super) const UNTOUCHED_IS_FREE: bool = true;

/// Sizes are rounded up to this: a multiple of the OS page on every system, so nobody needs to ask for its size.
const GRAIN: usize = 64 * 1024;

/// Mappings of at least this size are aligned to it, so that the system may use its huge pages for them.
const HUGE: usize = 2 * 1024 * 1024;

pub(super) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let size = size.checked_next_multiple_of(GRAIN)?;
    let align = if size >= HUGE { align.max(HUGE) } else { align };
    let start = map(ptr::null_mut(), size)?;
    if start.addr().get().is_multiple_of(align) {
        return Some(start);
    }
    // SAFETY: just mapped, and nobody else knows of it.
    unsafe { unmap(start, size) };
    acquire_below(start, size, align).or_else(|| acquire_with_margin(size, align))
}

/// Maps what is just below `start`, where the system has placed an unaligned mapping: since it goes downwards, most of
/// that place is free.
fn acquire_below(start: NonNull<u8>, size: usize, align: usize) -> Option<NonNull<u8>> {
    let wish = start.addr().get() / align * align;
    let start = map(ptr::without_provenance_mut(wish), size)?;
    if start.addr().get().is_multiple_of(align) {
        return Some(start);
    }
    // SAFETY: just mapped, and nobody else knows of it.
    unsafe { unmap(start, size) };
    None
}

/// Maps so much that an aligned part of `size` bytes is in it, and unmaps what lies around that.
fn acquire_with_margin(size: usize, align: usize) -> Option<NonNull<u8>> {
    let reserved = map(ptr::null_mut(), size.checked_add(align)?)?;
    let address = reserved.addr().get();
    let head = address.next_multiple_of(align) - address;
    // SAFETY: `head` is at most `align`, which the mapping is larger than.
    let start = unsafe { reserved.byte_add(head) };
    // SAFETY: `head + size` is at most the mapping's length.
    let end = unsafe { start.byte_add(size) };
    // SAFETY: the part below `start` is ours and unused.
    unsafe { unmap(reserved, head) };
    // SAFETY: so is the part from `end` on.
    unsafe { unmap(end, align - head) };
    Some(start)
}

pub(super) unsafe fn release(start: NonNull<u8>, size: usize, _align: usize) {
    // SAFETY: by the caller's promise; `acquire` rounded the same way.
    unsafe { unmap(start, size.next_multiple_of(GRAIN)) };
}

pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    // SAFETY: the caller's promise is the same.
    unsafe { kernel::purge(start, size) }
}

pub(super) unsafe fn clear(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { kernel::clear(start, size) };
}

pub(super) unsafe fn resize(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    let old_size = old_size.next_multiple_of(GRAIN);
    let new_size = new_size.checked_next_multiple_of(GRAIN)?;
    if new_size > old_size {
        // SAFETY: by the caller's promise, `start` is a mapping of `old_size` bytes.
        return unsafe { kernel::grow(start, old_size, new_size, align) };
    }
    // SAFETY: `new_size` is within the mapping.
    let end = unsafe { start.byte_add(new_size) };
    // SAFETY: the tail is part of the caller's memory, which has no use for it any more.
    unsafe { unmap(end, old_size - new_size) };
    Some(start)
}

pub(super) fn around_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    // SAFETY: functions may be called at any time. If there is no memory for the arrangement, forks are as they were.
    keeping_errno(|| unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) });
}

pub(super) fn sleep(duration: Duration) {
    keeping_errno(|| kernel::sleep(duration));
}

/// Calls `f` with all signals blocked, which a thread that it starts inherits.
fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    let mut all = MaybeUninit::uninit();
    // SAFETY: the place is valid for a set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut before = MaybeUninit::uninit();
    // SAFETY: `all` has just been filled, and the place is valid for a set.
    let status = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let result = f();
    if status == 0 {
        // SAFETY: it has been filled, since that went well.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    }
    result
}

pub(super) unsafe fn populate(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise is the same.
    unsafe { kernel::populate(start, size) };
}

pub(super) fn peak_resident() -> Option<usize> {
    kernel::peak_resident()
}

pub(super) fn os_page_size() -> usize {
    // SAFETY: to ask does no harm.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(GRAIN)
}

pub(super) fn complain(message: &[u8]) {
    // SAFETY: the message is readable memory of that length. A failure to complain has no one to be told to.
    unsafe { libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len()) };
}

/// Maps new memory, if that is possible at `wish`, which may be null.
fn map(wish: *mut c_void, size: usize) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | kernel::UNRESERVED;
    // SAFETY: a new anonymous mapping, placed where nothing is, disturbs nothing.
    let start = keeping_errno(|| unsafe { libc::mmap(wish, size, protection, flags, -1, 0) });
    mapped(start)
}

fn mapped(start: *mut c_void) -> Option<NonNull<u8>> {
    if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) }
}

/// # Safety
///
/// The `size` bytes are mapped, belong to the caller and are not used any more; both ends lie between OS pages.
unsafe fn unmap(start: NonNull<u8>, size: usize) {
    if size == 0 {
        return;
    }
    // SAFETY: by the caller's promise.
    let status = keeping_errno(|| unsafe { libc::munmap(start.as_ptr().cast(), size) });
    if status != 0 {
        // Unmapping its middle makes two of a mapping, and the process may have as many as it is allowed. What stays is
        // the address space, which nobody uses again.
        // SAFETY: by the caller's promise.
        unsafe { kernel::purge(start, size) };
    }
}
