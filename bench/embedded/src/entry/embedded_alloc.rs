//! embedded-alloc's `LlffHeap` (first fit) or `TlsfHeap` (two-level segregated fit), in a critical section.

use core::alloc::GlobalAlloc;
use core::alloc::Layout;

#[cfg(feature = "embedded-alloc-llff")]
use embedded_alloc::LlffHeap as Chosen;
#[cfg(feature = "embedded-alloc-tlsf")]
use embedded_alloc::TlsfHeap as Chosen;

use super::Heap;

pub(crate) type Entry = Chosen;

impl Heap for Entry {
    const NEW: Self = Self::empty();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.init(start.expose_provenance(), size) };
        true
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
