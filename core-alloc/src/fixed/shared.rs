//! What a lock protects: a heap, and the region that it has yet to claim.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;
use core::ptr::{self, NonNull};

use super::region_heap::{RegionHeap, Resize};
use super::static_region::Claim;

/// What the lock protects.
pub(super) struct Shared<H> {
    pub(super) heap: H,
    /// The region to begin with, until it is needed.
    unclaimed: Option<&'static dyn Claim>,
}

impl<H: RegionHeap> Shared<H> {
    pub(super) const fn new(unclaimed: Option<&'static dyn Claim>) -> Self {
        Self { heap: H::EMPTY, unclaimed }
    }

    /// A block for `layout`. A heap that has no memory yet refuses, so the region is claimed just then, and costs nothing
    /// otherwise.
    #[inline(always)]
    pub(super) fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        loop {
            match self.heap.allocate(layout) {
                None if self.claim() => (),
                served => return served,
            }
        }
    }

    /// Claims the region, if it is still there. Says whether the heap has grown.
    #[cold]
    #[inline(never)]
    pub(super) fn claim(&mut self) -> bool {
        let Some((start, size)) = self.unclaimed.take().and_then(Claim::claim) else { return false };
        // SAFETY: the static's memory is ours for good, as nobody else got it or will get it.
        unsafe { self.heap.try_add_region(start, size) }.is_ok()
    }
}

/// Moves a block that could not have its new layout where it is, with the heap unlocked but for the request and the free:
/// what is between takes as long as the block is large. Null if it stays.
///
/// # Safety
///
/// As for [`GlobalAlloc::realloc`]; `new` is the new layout, and `resize` what became of the attempt.
pub(super) unsafe fn move_block<A: GlobalAlloc>(
    heap: &A,
    block: NonNull<u8>,
    layout: Layout,
    new: Layout,
    resize: Resize,
) -> *mut u8 {
    // SAFETY: by the caller's promise, the new size is not zero.
    let Some(target) = NonNull::new(unsafe { heap.alloc(new) }) else {
        return resize.if_refused(block).map_or(ptr::null_mut(), NonNull::as_ptr);
    };
    // SAFETY: both are live blocks of at least so many bytes, so they do not overlap.
    unsafe { block.copy_to_nonoverlapping(target, layout.size().min(new.size())) };
    // SAFETY: the caller parts with it.
    unsafe { heap.dealloc(block.as_ptr(), layout) };
    target.as_ptr()
}

/// Runs `operation`, and turns its panic into an abort: a global allocator must not unwind.
pub(super) fn abort_on_panic<T>(operation: impl FnOnce() -> T) -> T {
    let guard = AbortOnUnwind;
    let result = operation();
    mem::forget(guard);
    result
}

/// Aborts when it is dropped by a panic, for a second panic while the first unwinds does so on every target.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        panic!("mudlark: a global allocator must not unwind");
    }
}
