//! talc's `Talc`: best fit among binned gaps. It has the region and nothing else to turn to.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Heap;

pub(crate) type Entry = talc::base::Talc<talc::source::Manual, talc::DefaultBinning>;

impl Heap for Entry {
    const NEW: Self = Self::new(talc::source::Manual);

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.claim(start, size) }.is_some()
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is not empty.
        unsafe { self.allocate(layout) }.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }
}
