//! The block of a box: how large it is, where in it the count word and the value are, and how it is freed.
//!
//! ```text
//!   block                            value
//!   ▼                                ▼
//!   │ padding, if over-aligned │ word │ value … │
//!   ◀──────── value_offset ─────────▶
//! ```

use core::alloc::Layout;
use core::mem;
use core::num::NonZero;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::count::CountWord;
use crate::counts::Counts;

/// The offset of a value of this layout in its block, which is also the alignment of the block.
///
/// Alignment and word size are powers of two, so the greater is a multiple of the lesser: with this offset, the value is
/// aligned, and so is the word before it. (Loom's word may have any size.)
#[inline]
pub(crate) fn value_offset<C: Counts>(value: Layout) -> usize {
    value.align().max(size_of::<CountWord<C>>().next_power_of_two())
}

/// The layout of the block for a value of this layout.
///
/// # Panics
///
/// If the block would be larger than `isize::MAX` bytes.
#[inline]
pub(crate) fn block_layout<C: Counts>(value: Layout) -> Layout {
    let offset = value_offset::<C>(value);
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
pub(crate) unsafe fn word_before<T: ?Sized, C: Counts>(value: NonNull<T>) -> NonNull<CountWord<C>> {
    // SAFETY: `value_offset` leaves room for the word, so this is in the same block.
    unsafe { value.cast::<CountWord<C>>().sub(1) }
}

/// Where in the program a box is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the drop of a handle that need not be the last one.
    Inline,
    /// In a function for last handles only.
    Apart,
}

/// The block of a value that lies at this offset in it.
///
/// # Safety
///
/// As it says; the offset is a power of two, and the block a multiple of it, not zero.
#[inline]
unsafe fn block_before(value: NonNull<u8>, offset: usize, place: Place) -> NonNull<u8> {
    match place {
        // SAFETY: by the contract.
        Place::Apart => unsafe { value.sub(offset) },
        // By bits. A subtraction would be one with that for the count word, and done by handles that are not the last, too.
        Place::Inline => value.map_addr(|address| {
            let block = (address.get() - 1) & !(offset - 1);
            // SAFETY: by the contract, the value is one offset after the block, which is not zero.
            unsafe { NonZero::new_unchecked(block) }
        }),
    }
}

/// Frees the block of a value.
///
/// # Safety
///
/// This is the place of a value of this layout in a block that was allocated for it by this allocator, or a clone of it, and
/// which is not used again.
#[inline]
pub(crate) unsafe fn free_block<C: Counts>(
    value: NonNull<u8>,
    layout: Layout,
    place: Place,
    allocator: &impl Allocate,
) {
    let offset = value_offset::<C>(layout);
    // SAFETY: `block_layout` checked this layout when the block was allocated.
    let block_layout = unsafe { Layout::from_size_align_unchecked(offset + layout.size(), offset) };
    // SAFETY: by the contract.
    let block = unsafe { block_before(value, offset, place) };
    // SAFETY: by the contract.
    unsafe { allocator.deallocate_block(block, block_layout) };
}

/// The layout of a value that may be gone already.
///
/// # Safety
///
/// `value` points at where the value is or was, and the memory is there still.
#[inline]
pub(crate) unsafe fn layout_of_gone<T: ?Sized>(value: NonNull<T>) -> Layout {
    let gone = value.as_ptr() as *const mem::ManuallyDrop<T>;
    // SAFETY: by the contract. Of what was there nothing is looked at, only the length or methods of the pointer.
    Layout::for_value(unsafe { &*gone })
}
