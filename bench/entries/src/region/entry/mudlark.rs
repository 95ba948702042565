//! Mudlark's `Heap`: pools of size classes in pages of the region.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

pub(crate) type Entry = mudlark_core_alloc::Heap;

impl Heap for Entry {
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.add_region(start.as_ptr(), size) }.expect("16 KiB are enough");
        heap
    }

    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout)
    }

    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }
}
