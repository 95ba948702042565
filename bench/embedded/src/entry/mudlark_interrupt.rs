//! Mudlark's `InterruptHeap`, which masks no interrupts, with a reserve for handlers.

use core::alloc::{GlobalAlloc, Layout};

use mudlark_core_alloc::{InterruptHeap, SingleCore, SingleCoreLock};

use super::Heap;

pub(crate) struct OneCore;

// SAFETY: these boards have one core, and no handler here uses the heap.
unsafe impl SingleCore for OneCore {}

pub(crate) type Entry = InterruptHeap<SingleCoreLock<OneCore>, 64, 4>;

impl Heap for Entry {
    const NEW: Self = Self::new();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        let given = unsafe { self.add_region(start, size) }.is_ok();
        self.prepare();
        given
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
