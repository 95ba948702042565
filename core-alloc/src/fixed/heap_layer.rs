//! What stands between a [`Heap`] and who locks it, and is more than a [`RegionHeap`]: it lets the heap be seen.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::misuse::Refusal;
use super::region_heap::RegionHeap;
use super::{Heap, RegionKind};

/// A layer over a [`Heap`], or the heap itself: what an [`InterruptHeap`](super::InterruptHeap) shares, and a
/// [`LockedHeap`](super::LockedHeap) that is to have regions of several [kinds](RegionKind).
///
/// # Safety
///
/// All blocks and regions are those of [`heap`](Self::heap), always the same one. A free or a resize is refused as a
/// [`Misuse`](super::Misuse) just when that heap refuses it, and then nothing has changed.
pub unsafe trait HeapLayer: RegionHeap {
    /// Whether a request may add a region.
    const GROWS: bool;

    /// The heap, to look at.
    fn heap(&self) -> &Heap;

    /// As [`Heap::add_region_of`].
    ///
    /// # Errors
    ///
    /// As [`RegionHeap::try_add_region`].
    ///
    /// # Safety
    ///
    /// As for [`Heap::add_region`].
    unsafe fn try_add_region_of(&mut self, kind: RegionKind, start: *mut u8, size: usize) -> Result<(), Refusal>;

    /// As [`Heap::allocate_in`].
    fn allocate_in(&mut self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>>;
}

// SAFETY: it is the heap.
unsafe impl HeapLayer for Heap {
    const GROWS: bool = false;

    fn heap(&self) -> &Heap {
        self
    }

    unsafe fn try_add_region_of(&mut self, kind: RegionKind, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.try_add_region_of(kind, start, size) }
    }

    fn allocate_in(&mut self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_in(kind, layout)
    }
}
