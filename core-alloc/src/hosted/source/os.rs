//! Memory by `mmap`, for every Unix.

use core::ptr::{self, NonNull};

/// Sizes are rounded up to this: a multiple of the OS page on every system, so nobody needs to ask for its size.
const GRAIN: usize = 64 * 1024;

/// The alignment that every mapping has.
const LEAST_OS_PAGE: usize = 4096;

pub(super) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let size = size.checked_next_multiple_of(GRAIN)?;
    let start = map(size)?;
    if start.addr().get().is_multiple_of(align) {
        return Some(start);
    }
    // SAFETY: just mapped, and nobody else knows of it.
    unsafe { unmap(start, size) };
    acquire_with_margin(size, align)
}

/// Maps so much that an aligned part of `size` bytes is in it, and unmaps what lies around that.
///
/// The system places mappings next to each other, so most requests for aligned memory need no margin.
fn acquire_with_margin(size: usize, align: usize) -> Option<NonNull<u8>> {
    let reserved = map(size.checked_add(align)?)?;
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

pub(super) unsafe fn resize(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    let old_size = old_size.next_multiple_of(GRAIN);
    let new_size = new_size.checked_next_multiple_of(GRAIN)?;
    if new_size > old_size {
        // SAFETY: by the caller's promise, `start` is a mapping of `old_size` bytes.
        return unsafe { grow(start, old_size, new_size, align) };
    }
    // SAFETY: `new_size` is within the mapping.
    let end = unsafe { start.byte_add(new_size) };
    // SAFETY: the tail is part of the caller's memory, which has no use for it any more.
    unsafe { unmap(end, old_size - new_size) };
    Some(start)
}

/// # Safety
///
/// `start` is a mapping of `old_size` bytes that belongs to the caller.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn grow(start: NonNull<u8>, old_size: usize, new_size: usize, align: usize) -> Option<NonNull<u8>> {
    // A mapping that moves is only sure of the OS page's alignment.
    let flags = if align <= LEAST_OS_PAGE { libc::MREMAP_MAYMOVE } else { 0 };
    // SAFETY: the caller gives the mapping to us; on failure it stays as it is.
    let moved = unsafe { libc::mremap(start.as_ptr().cast(), old_size, new_size, flags) };
    mapped(moved)
}

/// # Safety
///
/// As above; nothing happens.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn grow(_start: NonNull<u8>, _old_size: usize, _new_size: usize, _align: usize) -> Option<NonNull<u8>> {
    None
}

pub(super) fn around_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) {
    // SAFETY: functions may be called at any time. If there is no memory for the arrangement, forks are as they were.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

pub(super) fn complain(message: &[u8]) {
    // SAFETY: the message is readable memory of that length. A failure to complain has no one to be told to.
    unsafe { libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len()) };
}

fn map(size: usize) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: a new anonymous mapping, placed by the system, disturbs nothing.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    mapped(start)
}

fn mapped(start: *mut libc::c_void) -> Option<NonNull<u8>> {
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
    let status = unsafe { libc::munmap(start.as_ptr().cast(), size) };
    if status != 0 {
        // SAFETY: as above.
        unsafe { discard(start, size) };
    }
}

/// Gives back the memory of a mapping that the system does not take: unmapping its middle would make two of it, and the
/// process may have as many mappings as it is allowed. What stays is the address space, which nobody uses again.
///
/// # Safety
///
/// As for [`unmap`].
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn discard(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller has no use for the contents.
    unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_DONTNEED) };
}

/// # Safety
///
/// As above; nothing happens: there is no such limit that one is likely to meet.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn discard(_start: NonNull<u8>, _size: usize) {}

pub(super) fn os_page_size() -> usize {
    // SAFETY: asking does no harm.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(super::super::region::PAGE_SIZE)
}

pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> super::Fresh {
    unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_DONTNEED) };
    super::Fresh::Yes
}
