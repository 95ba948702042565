//! rlsf's `Tlsf`: two-level segregated fit, with 32 first levels and 32 second levels: its worst rounding is 3 %.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

pub(crate) type Entry = rlsf::Tlsf<'static, u32, u32, 32, 32>;

impl Heap for Entry {
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        let region = NonNull::slice_from_raw_parts(start, size);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.insert_free_block_ptr(region) }.expect("16 KiB are enough");
        heap
    }

    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout)
    }

    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout.align()) };
    }
}
