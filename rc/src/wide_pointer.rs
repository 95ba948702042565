//! Wide pointers: an address, and what more it takes to know an unsized value (a length, or a table of methods).
//!
//! ```text
//!   *mut u64           address
//!   *mut [u64]         address │ length
//!   *mut dyn Debug     address │ methods
//! ```
//!
//! The standard library's own `with_metadata_of` is not stable, so the one place that exchanges the address, and keeps the
//! rest, is here.

use core::ptr::NonNull;

/// A pointer to what `place` points at, with its provenance, and the length or methods of `like`.
///
/// # Panics
///
/// If pointers are not laid out as drawn above; the compiler sees that they are, and leaves the check out.
#[inline(always)]
pub(crate) fn with_metadata_of<T: ?Sized>(place: NonNull<u8>, like: NonNull<T>) -> NonNull<T> {
    let mut pointer = like;
    let address = (&raw mut pointer).cast::<NonNull<u8>>();
    // SAFETY: `pointer` is at least as long, and at least as aligned, as a thin pointer, and begins with its address.
    unsafe { address.write(place) };
    assert!(pointer.cast::<u8>() == place, "a wide pointer begins with its address");
    pointer
}

/// What a pointer has besides the address: its length, or where the methods are; null if there is nothing.
#[cfg(any(feature = "std", feature = "drop-context"))]
#[inline(always)]
pub(crate) fn metadata_of<T: ?Sized>(pointer: NonNull<T>) -> *const () {
    if size_of::<NonNull<T>>() != 2 * size_of::<*const ()>() {
        return core::ptr::null();
    }
    let parts = (&raw const pointer).cast::<*const ()>();
    // SAFETY: the pointer is as long as two thin ones.
    let second = unsafe { parts.add(1) };
    // SAFETY: both a length and an address can be read as a pointer.
    unsafe { second.read() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Debug;

    #[test]
    fn the_address_changes_and_the_rest_stays() {
        let (mut from, mut to) = ([1_u16, 2, 3], [4_u16, 5, 6]);
        let place = NonNull::from(&mut to).cast::<u8>();

        let array = with_metadata_of(place, NonNull::from(&mut from));
        // SAFETY: it points at `to`.
        assert_eq!(unsafe { array.as_ref() }, &[4, 5, 6]);

        let slice = with_metadata_of(place, NonNull::from(&mut from[..2]));
        // SAFETY: it points at the first two elements of `to`.
        assert_eq!(unsafe { slice.as_ref() }, &[4, 5]);

        let object = with_metadata_of(place, NonNull::from(&mut from as &mut dyn Debug));
        // SAFETY: it points at `to`, which is of the type whose methods it has.
        assert_eq!(alloc::format!("{:?}", unsafe { object.as_ref() }), "[4, 5, 6]");
    }
}
