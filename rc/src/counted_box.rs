//! The counted box: a count word, and directly after it the value that is counted.
//!
//! ```text
//!   block                            value
//!   ▼                                ▼
//!   │ padding, if over-aligned │ word │ value … │
//! ```
//!
//! Pointers lead to the value, so using it costs no addition; the word is found one word before it, whatever the value's
//! type, size and alignment. Two types tell who may do what:
//!
//! - [`VacantBox`] owns the memory of a box without a value: not yet, or no longer. Dropping it frees the memory, so it is
//!   also the guard that keeps a panic from leaking it.
//! - [`CountedBox`] is a box with a value, as its handles see it.

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::block::{Place, block_layout, free_block, layout_of_gone, value_offset, word_before};
use crate::count::CountWord;
use crate::counts::Counts;

/// The memory of a box that has no value: not yet, or no longer.
///
/// Dropping it frees the memory and parts with the weak box, if there is one; but pointers that were weak handles keep it.
///
/// # Invariants
///
/// - `value` is the place of a value of `layout` in a block that has the layout `block_layout(layout)`; it may reach the
///   whole block, its count word is written, and both belong to this `VacantBox`, and what is kept includes it.
/// - The block and the weak box are from `allocator`, or a clone of it.
pub(crate) struct VacantBox<'a, C: Counts, A: Allocate> {
    value: NonNull<u8>,
    layout: Layout,
    allocator: &'a A,
    counts: PhantomData<C>,
}

impl<'a, C: Counts, A: Allocate> VacantBox<'a, C, A> {
    /// Allocates a box for a value of this layout, with a count of one strong handle.
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    #[inline]
    pub(crate) fn new(layout: Layout, allocator: &'a A) -> Self {
        let block_layout = block_layout::<C>(layout);
        let Some(block) = allocator.allocate_block(block_layout) else { handle_alloc_error(block_layout) };
        // SAFETY: the offset lies in the block, or at its end when the value has no size.
        let value = unsafe { block.add(value_offset::<C>(layout)) };
        // SAFETY: this is the value's place in the new block.
        let word = unsafe { word_before(value) };
        // SAFETY: the word is in the block, and aligned, since the offset and the block's alignment are multiples of it.
        unsafe { word.write(CountWord::<C>::one()) };
        // INVARIANT: the block was just allocated, and its word written.
        Self { value, layout, allocator, counts: PhantomData }
    }

    /// Where the value is to be written.
    #[inline]
    pub(crate) fn value(&self) -> NonNull<u8> {
        self.value
    }

    #[inline]
    pub(crate) fn count(&self) -> &CountWord<C> {
        // SAFETY: by the invariant.
        let word = unsafe { word_before(self.value) };
        // SAFETY: by the invariant, the word is written, and lives until `self` is dropped.
        unsafe { word.as_ref() }
    }

    /// The box as one with a value.
    ///
    /// # Safety
    ///
    /// `value` is [`value`](Self::value) with the right metadata, and a value of `layout` was written there.
    #[inline]
    pub(crate) unsafe fn occupied<T: ?Sized>(self, value: NonNull<T>) -> CountedBox<T, C> {
        mem::forget(self);
        // INVARIANT: by the invariant of `self`, and the contract.
        CountedBox { value, owns: PhantomData }
    }
}

impl<C: Counts, A: Allocate> Drop for VacantBox<'_, C, A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: without a value there is no strong handle; by the invariant, the allocator is the box's.
        if !unsafe { self.count().may_free(self.allocator) } {
            return;
        }
        // SAFETY: by the invariant; nobody else uses the block any more.
        unsafe { free_block::<C>(self.value, self.layout, Place::Apart, self.allocator) };
    }
}

/// Gives back what a pointer that was a weak handle kept: the memory of a box, whose value may be gone. If it is, and nobody
/// else keeps the memory, it is freed.
///
/// # Safety
///
/// `value` points at where the value is or was, and may reach the whole block. The pointer is not used again; the allocator
/// is the box's, or a clone of it.
#[inline]
pub(crate) unsafe fn stop_keeping<T: ?Sized, C: Counts>(value: NonNull<T>, allocator: &impl Allocate) {
    // SAFETY: by the contract.
    let word = unsafe { word_before::<T, C>(value) };
    // SAFETY: by the contract, the memory is there, and so is the word in it.
    let word = unsafe { word.as_ref() };
    // SAFETY: the value is gone, or still has its own count of what is kept; the pointer gives back its own.
    if !unsafe { word.may_free(allocator) } {
        return;
    }
    // SAFETY: the memory is there still.
    let layout = unsafe { layout_of_gone(value) };
    // SAFETY: `may_free` said that nobody else uses it.
    unsafe { free_block::<C>(value.cast(), layout, Place::Apart, allocator) };
}

/// A box whose last strong handle is gone, and whose value is about to be, too. Dropping it frees the memory, as far as no
/// pointer that was a weak handle keeps it.
///
/// It is a guard: it frees the memory also when dropping the value panics.
///
/// # Invariants
///
/// `value` points at where the value is or was, and may reach the whole block. The box belongs to this alone, and what is
/// kept includes it; it is from `allocator`, or a clone of it. If `IS_PLAIN`, there is no weak box.
struct Emptied<'a, T: ?Sized, C: Counts, A: Allocate, const IS_PLAIN: bool> {
    value: NonNull<T>,
    allocator: &'a A,
    counts: PhantomData<C>,
}

impl<T: ?Sized, C: Counts, A: Allocate, const IS_PLAIN: bool> Drop for Emptied<'_, T, C, A, IS_PLAIN> {
    #[inline]
    fn drop(&mut self) {
        if IS_PLAIN {
            // SAFETY: by the invariant, the memory is there still.
            let layout = unsafe { layout_of_gone(self.value) };
            let place = if mem::needs_drop::<T>() { Place::Apart } else { Place::Inline };
            // SAFETY: by the invariant, nobody else uses it.
            unsafe { free_block::<C>(self.value.cast(), layout, place, self.allocator) };
        } else {
            // SAFETY: by the invariant.
            unsafe { stop_keeping::<T, C>(self.value, self.allocator) };
        }
    }
}

/// A box with a value, as one of its handles sees it.
///
/// # Invariants
///
/// `value` points at a live value, in a block that [`VacantBox::new`] allocated for its layout; it may reach the whole
/// block. The strong count includes this `CountedBox`, so both live at least as long. Or the value is a static one, with an
/// immortal word before it; then nothing but the value and the word is ever read.
pub(crate) struct CountedBox<T: ?Sized, C: Counts> {
    value: NonNull<T>,
    owns: PhantomData<(C, T)>,
}

impl<T, C: Counts> CountedBox<T, C> {
    #[inline]
    pub(crate) fn new(value: T, allocator: &impl Allocate) -> Self {
        let vacant = VacantBox::new(Layout::new::<T>(), allocator);
        let place = vacant.value().cast::<T>();
        // SAFETY: the box was allocated for a `T`.
        unsafe { place.write(value) };
        // SAFETY: the value was just written.
        unsafe { vacant.occupied(place) }
    }

    /// Moves the value out and frees the box.
    ///
    /// # Safety
    ///
    /// The last strong handle was let go, no copy of `self` is used again, and the allocator is the box's.
    #[inline]
    pub(crate) unsafe fn take(self, allocator: &impl Allocate) -> T {
        // SAFETY: by the contract, no one else uses the box any more.
        let _memory = unsafe { self.vacate(allocator) };
        // SAFETY: by the invariant the value is there, and no one uses it after it moved out.
        let value = unsafe { self.value.read() };
        drop(self.count().take_callbacks());
        value
    }
}

impl<T: ?Sized, C: Counts> CountedBox<T, C> {
    /// The box whose value this is.
    ///
    /// # Safety
    ///
    /// `value` points at the value of a box and may reach the whole block, as what [`as_ptr`](Self::as_ptr) returns and what
    /// that is coerced to; or at a static value that has an immortal word before it. The caller hands over one strong count.
    #[inline]
    pub(crate) const unsafe fn from_value(value: NonNull<T>) -> Self {
        // INVARIANT: by the contract.
        Self { value, owns: PhantomData }
    }

    /// Where the value is; the pointer may reach the whole block.
    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<T> {
        self.value
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> &CountWord<C> {
        // SAFETY: by the invariant.
        let word = unsafe { word_before(self.value) };
        // SAFETY: by the invariant, the box lives as long as `self`.
        unsafe { word.as_ref() }
    }

    #[inline(always)]
    pub(crate) fn value(&self) -> &T {
        // SAFETY: by the invariant; it is only ever shared, but for `value_mut`, whose callers see to that.
        unsafe { self.value.as_ref() }
    }

    /// The value, to be changed.
    ///
    /// # Safety
    ///
    /// For as long as the reference lives, no other handle is used to reach the value.
    #[inline]
    pub(crate) unsafe fn value_mut(&mut self) -> &mut T {
        // SAFETY: by the invariant and the contract.
        unsafe { self.value.as_mut() }
    }

    /// Drops the value and frees the box; also when the drop panics.
    ///
    /// # Safety
    ///
    /// The caller owned the last strong handle, with this allocator. No copy of `self` is used again.
    #[inline]
    pub(crate) unsafe fn drop_now(&self, allocator: &impl Allocate) {
        // SAFETY: by the contract.
        unsafe { self.empty::<false, _>(allocator) };
    }

    /// As [`drop_now`](Self::drop_now), for a box without a weak box.
    ///
    /// # Safety
    ///
    /// As for [`drop_now`](Self::drop_now). There is no weak box.
    #[inline(always)]
    pub(crate) unsafe fn drop_plain(&self, allocator: &impl Allocate) {
        // While it is dropped, the value gets no weak box: there is no handle to it, and it has none to itself.
        // SAFETY: by the contract.
        unsafe { self.empty::<true, _>(allocator) };
    }

    /// As [`drop_now`](Self::drop_now).
    ///
    /// # Safety
    ///
    /// As for [`drop_now`](Self::drop_now). If `IS_PLAIN`, there is no weak box.
    #[inline(always)]
    unsafe fn empty<const IS_PLAIN: bool, A: Allocate>(&self, allocator: &A) {
        // INVARIANT: by the invariant of `self`; the contract makes the caller the only owner, and a weak box refuses to
        // upgrade.
        let _memory = Emptied::<T, C, A, IS_PLAIN> { value: self.value, allocator, counts: PhantomData };
        // SAFETY: by the box's invariant the value is there; it is dropped this once.
        unsafe { self.value.drop_in_place() };
    }

    /// The memory of the box. The value in it is now the caller's, to drop or to move out.
    ///
    /// # Safety
    ///
    /// No handle upgrades, clones or reads the box from now on; but the caller may, until the value is gone. The allocator
    /// is the box's.
    #[inline]
    pub(crate) unsafe fn vacate<'a, A: Allocate>(&self, allocator: &'a A) -> VacantBox<'a, C, A> {
        let layout = Layout::for_value(self.value());
        // INVARIANT: by the invariant of `self`; the contract makes the caller the only owner.
        VacantBox { value: self.value.cast(), layout, allocator, counts: PhantomData }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::allocate::Global;
    use crate::block::slice_layout;
    use crate::counts::Local;

    fn vacant(layout: Layout) -> VacantBox<'static, Local, Global> {
        VacantBox::new(layout, &Global)
    }

    #[test]
    fn the_word_and_the_value_are_aligned_and_next_to_each_other() {
        for align in (0..13).map(|shift| 1 << shift) {
            for size in [0, 1, 7, 8, 9, 100] {
                let vacant = vacant(Layout::from_size_align(size, align).expect("a small layout"));
                assert_eq!(vacant.value().addr().get() % align, 0);
                let word = core::ptr::from_ref(vacant.count());
                assert!(word.is_aligned());
                assert_eq!(word.addr() + size_of::<CountWord<Local>>(), vacant.value().addr().get());
            }
        }
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_value_that_leaves_no_room_for_the_word_is_refused() {
        let largest = Layout::from_size_align(isize::MAX.unsigned_abs(), 1).expect("the largest layout there is");
        vacant(largest);
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_slice_that_no_address_space_holds_is_refused() {
        slice_layout::<u16>(isize::MAX.unsigned_abs());
    }
}
