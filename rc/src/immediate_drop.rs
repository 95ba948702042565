//! What stands in for `deferred_drop.rs` where nobody tells contexts apart, neither `std` by its threads nor the program by a
//! `DropContext`: a value is dropped at once, inside the drop of the one before.

use crate::allocate::Allocate;
use crate::counted_box::CountedBox;
use crate::counts::Counts;

/// Drops the value of a box that has no strong handle left, and frees the box; also when the drop panics.
///
/// # Safety
///
/// The caller owned the last strong handle, with this allocator. The box is not used again.
#[inline]
pub(crate) unsafe fn drop_box<T: ?Sized, C: Counts, A: Allocate>(last: CountedBox<T, C>, allocator: &A) {
    // SAFETY: by the contract.
    unsafe { last.drop_now(allocator) };
}
