//! Memory from std's `System` allocator: for systems without `mmap`, and for Miri.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use std::alloc::System;
use std::io::Write;

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

pub(super) fn around_fork(_before: extern "C" fn(), _in_parent: extern "C" fn(), _in_child: extern "C" fn()) {}

pub(super) fn complain(message: &[u8]) {
    // A failure to complain has no one to be told to.
    let _ = std::io::stderr().write_all(message);
}

pub(super) fn os_page_size() -> usize {
    super::super::region::PAGE_SIZE
}

pub(super) unsafe fn purge(_start: NonNull<u8>, _size: usize) -> super::Fresh {
    super::Fresh::No
}
