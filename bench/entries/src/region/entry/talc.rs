//! talc's `Talc`: best fit among binned gaps. It has the region and nothing else to turn to.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

pub(crate) type Entry = talc::base::Talc<talc::source::Manual, talc::DefaultBinning>;

impl Heap for Entry {
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new(talc::source::Manual);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.claim(start.as_ptr(), size) }.expect("16 KiB are enough");
        heap
    }

    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: the layout is not empty: no workload asks for nothing.
        unsafe { self.allocate(layout) }
    }

    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block.as_ptr(), layout) };
    }
}
