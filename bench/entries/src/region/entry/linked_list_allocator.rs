//! linked_list_allocator's `Heap`: first fit in a list of holes.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

pub(crate) type Entry = linked_list_allocator::Heap;

impl Heap for Entry {
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { Self::new(start.as_ptr(), size) }
    }

    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_first_fit(layout).ok()
    }

    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }
}
