//! What a [`LockedHeap`](super::LockedHeap) can share.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::misuse::{Misuse, Refusal};
use super::{HeapStats, RegionTooSmall};

/// A heap over regions that its user gives it, for one owner at a time: [`Heap`](super::Heap), or
/// [`PagedHeap`](super::PagedHeap), or one of your own.
///
/// Broken contracts that a heap finds out are values here; [`Misuse::panic`] and [`Refusal::or_panic`] make panics of
/// them.
///
/// # Safety
///
/// The heap hands out blocks in its regions that suit their layouts and do not overlap, and keeps them until they are
/// given back, wherever it is moved. Its functions do not panic.
pub unsafe trait RegionHeap: Send + Sized {
    /// A heap without memory, which refuses every request until it is given a region.
    const EMPTY: Self;

    /// Gives the heap `size` bytes of memory from `start` on.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when they are too few, or the heap's already. Then they are not touched.
    ///
    /// # Safety
    ///
    /// As for [`Heap::add_region`](super::Heap::add_region).
    unsafe fn try_add_region(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal>;

    /// A block for `layout`, or `None` when there is none to be had.
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the heap finds out that it is none. Then nothing has changed.
    ///
    /// # Safety
    ///
    /// As for [`Heap::deallocate`](super::Heap::deallocate).
    unsafe fn try_deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse>;

    /// Resizes a block to `new_size`; `None` when there is none to be had of that size.
    ///
    /// # Errors
    ///
    /// As for [`try_deallocate`](Self::try_deallocate).
    ///
    /// # Safety
    ///
    /// As for [`Heap::reallocate`](super::Heap::reallocate).
    unsafe fn try_reallocate(
        &mut self,
        block: NonNull<u8>,
        layout: Layout,
        new_size: usize,
    ) -> Result<Option<NonNull<u8>>, Misuse>;

    /// What the heap has, and how much of it is in use.
    fn stats(&self) -> HeapStats;
}

/// The value, or else a panic.
pub(super) fn or_panic<T>(outcome: Result<T, Misuse>) -> T {
    match outcome {
        Ok(value) => value,
        Err(misuse) => misuse.panic(),
    }
}

/// The same for a region.
pub(super) fn added_or_panic(added: Result<(), Refusal>) -> Result<(), RegionTooSmall> {
    added.map_err(Refusal::or_panic)
}
