//! linked_list_allocator's `Heap`: first fit in a list of holes.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Heap;

pub(crate) type Entry = linked_list_allocator::Heap;

impl Heap for Entry {
    const NEW: Self = Self::empty();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.init(start, size) };
        true
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        self.allocate_first_fit(layout).map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: a block is never null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }
}
