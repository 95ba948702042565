//! buddy_system_allocator's `Heap`: buddies, of orders up to 2^25 bytes.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Heap;

pub(crate) type Entry = buddy_system_allocator::Heap<26>;

impl Heap for Entry {
    const NEW: Self = Self::new();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.init(start.expose_provenance(), size) };
        true
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        self.alloc(layout).map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: a block is never null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.dealloc(block, layout) };
    }
}
