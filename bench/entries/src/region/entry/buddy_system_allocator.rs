//! buddy_system_allocator's `Heap`: buddies, of orders up to 2^32 bytes.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

pub(crate) type Entry = buddy_system_allocator::Heap<33>;

impl Heap for Entry {
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        // SAFETY: the caller's promise is the one asked for; this heap takes addresses, and makes pointers of them.
        unsafe { heap.init(start.as_ptr().expose_provenance(), size) };
        heap
    }

    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.alloc(layout).ok()
    }

    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.dealloc(block, layout) };
    }
}
