//! Blocks of any heap, full of a number of their own.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

/// A block whose bytes are all the same, and are looked at when it is freed.
pub(super) struct Filled {
    heap: &'static (dyn GlobalAlloc + Sync),
    start: NonNull<u8>,
    layout: Layout,
    number: u8,
}

// SAFETY: its owner alone uses it.
unsafe impl Send for Filled {}

impl Filled {
    /// `None` when the heap refuses it. The size is not zero.
    pub(super) fn new(heap: &'static (dyn GlobalAlloc + Sync), size: usize, number: u8) -> Option<Self> {
        let layout = Layout::from_size_align(size, 4).ok()?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { heap.alloc(layout) })?;
        // SAFETY: just allocated for that.
        unsafe { start.write_bytes(number, size) };
        Some(Self { heap, start, layout, number })
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        // SAFETY: all of it was written.
        let bytes = unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == self.number));
        // SAFETY: allocated for this layout, and used no more.
        unsafe { self.heap.dealloc(self.start.as_ptr(), self.layout) };
    }
}
