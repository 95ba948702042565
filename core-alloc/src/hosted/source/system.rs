//! Memory from std's `System` allocator: for systems without `mmap`, and for Miri.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use core::time::Duration;
use std::alloc::System;
use std::io::Write;
use std::thread;

use super::{Fresh, NoThread, Work};

/// What `System` hands out may be memory already.
pub(super) const UNTOUCHED_IS_FREE: bool = false;

/// The stack of a thread of ours.
const STACK: usize = 64 * 1024;

pub(super) fn acquire(size: usize, align: usize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(size, align).ok()?;
    // SAFETY: the size is not zero, by the contract of the source.
    NonNull::new(unsafe { System.alloc_zeroed(layout) })
}

pub(super) unsafe fn release(start: NonNull<u8>, size: usize, align: usize) {
    // SAFETY: `acquire` made this very layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: by the caller's promise.
    unsafe { System.dealloc(start.as_ptr(), layout) };
}

pub(super) unsafe fn resize(
    _start: NonNull<u8>,
    _old_size: usize,
    _new_size: usize,
    _align: usize,
) -> Option<NonNull<u8>> {
    None
}

/// `System` takes back only what it has handed out, as a whole. Under Miri the memory is zeroed, so that there, too, tests
/// see pages become fresh.
pub(super) unsafe fn purge(start: NonNull<u8>, size: usize) -> Fresh {
    if !cfg!(miri) {
        return Fresh::No;
    }
    // SAFETY: the caller has the memory, and has no use for the contents.
    unsafe { clear(start, size) };
    Fresh::Yes
}

pub(super) unsafe fn clear(start: NonNull<u8>, size: usize) {
    // SAFETY: by the caller's promise.
    unsafe { start.write_bytes(0, size) };
}

pub(super) fn around_fork(_before: extern "C" fn(), _in_parent: extern "C" fn(), _in_child: extern "C" fn()) {}

pub(super) const fn hold_streams() {}

pub(super) const fn let_go_streams() {}

pub(super) const fn free_streams() {}

/// Under Miri there is no thread: it would have the program wait for it.
pub(super) fn start_thread<W: Work>() -> Result<(), NoThread> {
    if cfg!(miri) {
        return Err(NoThread);
    }
    let thread = thread::Builder::new().stack_size(STACK).spawn(W::work);
    thread.map(drop).map_err(|_| NoThread)
}

/// Nobody counts that.
pub(super) const fn peak_resident() -> Option<usize> {
    None
}

pub(super) const BARE_THREADS: bool = false;

pub(super) const fn forget_thread() {}

pub(super) fn sleep(duration: Duration) {
    thread::sleep(duration);
}

pub(super) fn complain(message: &[u8]) {
    // A failure to complain has no one to be told to.
    let _ = std::io::stderr().write_all(message);
}

pub(super) const fn os_page_size() -> usize {
    crate::hosted::region::PAGE_SIZE
}

pub(super) unsafe fn populate(_start: NonNull<u8>, _size: usize) {}
