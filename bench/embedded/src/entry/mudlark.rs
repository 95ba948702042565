//! Mudlark's `Heap`, or its heap of pages over `linked_list_allocator`.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Heap;

#[cfg(feature = "mudlark")]
pub(crate) type Entry = mudlark_core_alloc::Heap;
#[cfg(feature = "mudlark-paged")]
pub(crate) type Entry = mudlark_core_alloc::PagedHeap;

impl Heap for Entry {
    const NEW: Self = Self::new();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.add_region(start, size) }.is_ok()
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        self.allocate(layout).map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: a block is never null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }
}
