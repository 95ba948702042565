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

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use crate::count::{CountWord, Last};

/// The offset of a value of this layout in its block, which is also the alignment of the block.
///
/// Alignment and word size are powers of two, so the greater is a multiple of the lesser: with this offset, the value is
/// aligned, and so is the word before it.
#[inline]
fn value_offset(value: Layout) -> usize {
    value.align().max(size_of::<CountWord>())
}

/// The layout of the block for a value of this layout.
///
/// # Panics
///
/// If the block would be larger than `isize::MAX` bytes.
#[inline]
fn block_layout(value: Layout) -> Layout {
    let offset = value_offset(value);
    // No layout has more than `isize::MAX` bytes or alignment, so the sum is in range.
    Layout::from_size_align(offset + value.size(), offset).unwrap_or_else(|_| capacity_overflow())
}

/// The layout of `len` values in a row.
///
/// # Panics
///
/// If they would take more than `isize::MAX` bytes.
#[inline]
pub(crate) fn slice_layout<T>(len: usize) -> Layout {
    Layout::array::<T>(len).unwrap_or_else(|_| capacity_overflow())
}

#[cold]
fn capacity_overflow() -> ! {
    panic!("capacity overflow");
}

/// Where the count word of a value in a box is: one word before it.
///
/// # Safety
///
/// `value` is a value's place in a block of a box, and may reach the whole block.
#[inline(always)]
unsafe fn word_before<T: ?Sized>(value: NonNull<T>) -> NonNull<CountWord> {
    // SAFETY: `value_offset` leaves room for the word, so this is in the same block.
    unsafe { value.cast::<CountWord>().sub(1) }
}

/// The memory of a box that has no value: not yet, or no longer.
///
/// Dropping it parts with the weak box, if there is one, and frees the memory.
///
/// # Invariants
///
/// `value` is the place of a value of `layout` in a block that has the layout `block_layout(layout)`; it may reach the whole
/// block, its count word is written, and both belong to this `VacantBox` alone.
pub(crate) struct VacantBox {
    value: NonNull<u8>,
    layout: Layout,
}

impl VacantBox {
    /// Allocates a box for a value of this layout, with a count of one strong handle.
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    #[inline]
    pub(crate) fn new(layout: Layout) -> Self {
        let block_layout = block_layout(layout);
        // SAFETY: the layout holds a count word, so its size is not zero.
        let block = unsafe { alloc(block_layout) };
        let Some(block) = NonNull::new(block) else { handle_alloc_error(block_layout) };
        // SAFETY: the offset lies in the block, or at its end when the value has no size.
        let value = unsafe { block.add(value_offset(layout)) };
        // SAFETY: this is the value's place in the new block.
        let word = unsafe { word_before(value) };
        // SAFETY: the word is in the block, and aligned, since the offset and the block's alignment are multiples of it.
        unsafe { word.write(CountWord::one()) };
        // INVARIANT: the block was just allocated, and its word written.
        Self { value, layout }
    }

    /// Where the value is to be written.
    #[inline]
    pub(crate) fn value(&self) -> NonNull<u8> {
        self.value
    }

    #[inline]
    pub(crate) fn count(&self) -> &CountWord {
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
    pub(crate) unsafe fn occupied<T: ?Sized>(self, value: NonNull<T>) -> CountedBox<T> {
        mem::forget(self);
        // INVARIANT: by the invariant of `self`, and the contract.
        CountedBox { value, owns: PhantomData }
    }
}

impl Drop for VacantBox {
    #[inline]
    fn drop(&mut self) {
        self.count().detach_weak_box();
        let offset = value_offset(self.layout);
        // SAFETY: `block_layout` checked this layout when the block was allocated.
        let block_layout = unsafe { Layout::from_size_align_unchecked(offset + self.layout.size(), offset) };
        // SAFETY: by the invariant, the value is at this offset in the block.
        let block = unsafe { self.value.sub(offset) };
        // SAFETY: by the invariant, it was allocated with this layout, and no one else uses it.
        unsafe { dealloc(block.as_ptr(), block_layout) };
    }
}

/// A box with a value, as one of its handles sees it.
///
/// # Invariants
///
/// `value` points at a live value, in a block that [`VacantBox::new`] allocated for its layout; it may reach the whole
/// block. The strong count includes this `CountedBox`, so both live at least as long.
pub(crate) struct CountedBox<T: ?Sized> {
    value: NonNull<T>,
    owns: PhantomData<T>,
}

impl<T> CountedBox<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        let vacant = VacantBox::new(Layout::new::<T>());
        let place = vacant.value().cast::<T>();
        // SAFETY: the box was allocated for a `T`.
        unsafe { place.write(value) };
        // SAFETY: the value was just written.
        unsafe { vacant.occupied(place) }
    }

    /// Moves the value out and frees the box. Weak handles see the value as gone.
    ///
    /// # Safety
    ///
    /// `self` is the only strong handle.
    #[inline]
    pub(crate) unsafe fn take(self) -> T {
        // SAFETY: by the contract, no one else uses the box any more.
        let _memory = unsafe { self.vacate() };
        // SAFETY: by the invariant the value is there, and no one uses it after it moved out.
        unsafe { self.value.read() }
    }
}

impl<T: ?Sized> CountedBox<T> {
    /// The box whose value this is.
    ///
    /// # Safety
    ///
    /// `value` points at the value of a box and may reach the whole block, as what [`as_ptr`](Self::as_ptr) returns and what
    /// that is coerced to. The caller hands over one strong count.
    #[inline]
    pub(crate) unsafe fn from_value(value: NonNull<T>) -> Self {
        // INVARIANT: by the contract.
        Self { value, owns: PhantomData }
    }

    /// Where the value is; the pointer may reach the whole block.
    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<T> {
        self.value
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> &CountWord {
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

    /// The memory of the box. The value in it is now the caller's, to drop or to move out.
    ///
    /// # Safety
    ///
    /// No handle upgrades, clones or reads the box from now on.
    #[inline]
    unsafe fn vacate(&self) -> VacantBox {
        let layout = Layout::for_value(self.value());
        // INVARIANT: by the invariant of `self`; the contract makes the caller the only owner.
        VacantBox { value: self.value.cast(), layout }
    }

    /// Counts off one strong handle. After the last, drops the value and frees the box, also when that drop panics.
    ///
    /// # Safety
    ///
    /// No copy of `self` is used again: the count that included it is gone.
    #[inline(never)]
    pub(crate) unsafe fn release(self) {
        if self.count().decrement() == Last::No {
            return;
        }
        // SAFETY: without a strong count there is no other handle to the value, and a weak box refuses to upgrade.
        let _memory = unsafe { self.vacate() };
        // SAFETY: by the invariant the value is there; it is dropped this once.
        unsafe { ptr::drop_in_place(self.value.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_and_the_value_are_aligned_and_next_to_each_other() {
        for align in (0..13).map(|shift| 1 << shift) {
            for size in [0, 1, 7, 8, 9, 100] {
                let vacant = VacantBox::new(Layout::from_size_align(size, align).expect("a small layout"));
                assert_eq!(vacant.value().addr().get() % align, 0);
                let word = ptr::from_ref(vacant.count());
                assert!(word.is_aligned());
                assert_eq!(word.addr() + size_of::<CountWord>(), vacant.value().addr().get());
            }
        }
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_value_that_leaves_no_room_for_the_word_is_refused() {
        let largest = Layout::from_size_align(isize::MAX.unsigned_abs(), 1).expect("the largest layout there is");
        VacantBox::new(largest);
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_slice_that_no_address_space_holds_is_refused() {
        slice_layout::<u16>(isize::MAX.unsigned_abs());
    }
}
