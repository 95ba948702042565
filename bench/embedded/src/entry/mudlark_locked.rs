//! Mudlark's `LockedHeap` in a critical section, as a program's global allocator is.

use core::alloc::{GlobalAlloc, Layout};

use mudlark_core_alloc::{CriticalSectionLock, LockedHeap};

use super::Heap;

pub(crate) type Entry = LockedHeap<CriticalSectionLock>;

impl Heap for Entry {
    const NEW: Self = Self::new();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.add_region(start, size) }.is_ok()
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is not empty.
        unsafe { self.alloc(layout) }
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.dealloc(block, layout) };
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.realloc(block, layout, size) }
    }
}
