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

    /// Makes a block serve `new` where it lies, if that is the best place for it. The alignment is that of `layout`.
    ///
    /// # Errors
    ///
    /// As for [`try_deallocate`](Self::try_deallocate).
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it. After [`Resize::Done`], its layout is `new`.
    unsafe fn try_resize(&mut self, block: NonNull<u8>, layout: Layout, new: Layout) -> Result<Resize, Misuse>;

    /// Resizes a block to `new_size`, where it lies or by a move; `None` when there is none to be had of that size.
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
    ) -> Result<Option<NonNull<u8>>, Misuse> {
        let Ok(new) = Layout::from_size_align(new_size, layout.align()) else { return Ok(None) };
        // SAFETY: as the caller has it.
        let resize = unsafe { self.try_resize(block, layout, new) }?;
        if resize == Resize::Done {
            return Ok(Some(block));
        }
        let Some(target) = self.allocate(new) else { return Ok(resize.if_refused(block)) };
        // SAFETY: both are live blocks of at least so many bytes, so they do not overlap.
        unsafe { block.copy_to_nonoverlapping(target, layout.size().min(new_size)) };
        // SAFETY: as the caller has it.
        unsafe { self.try_deallocate(block, layout) }?;
        Ok(Some(target))
    }

    /// The same place as `block`, by a pointer that may be used for the whole block; it may have been narrowed to the bytes that
    /// were asked for. In no region, it is the same pointer.
    fn whole(&self, block: NonNull<u8>) -> NonNull<u8>;

    /// What the heap has, and how much of it is in use.
    fn stats(&self) -> HeapStats;
}

/// How a block takes a new size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// It has it.
    Done,
    /// It fits where it is, but would be better off elsewhere.
    MayMove,
    /// There is no room for that where it is.
    MustMove,
}

impl Resize {
    /// The answer when there is no other place for `block`.
    pub(super) fn if_refused(self, block: NonNull<u8>) -> Option<NonNull<u8>> {
        (self != Self::MustMove).then_some(block)
    }
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
