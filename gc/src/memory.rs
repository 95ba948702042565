//! Boxes and arrays whose allocation may fail.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc::alloc::{alloc, alloc_zeroed};
use alloc::boxed::Box;

/// What `Box::leak(Box::new(value))` gives, or the value back when there is no memory.
///
/// `Box::from_raw` takes it back.
pub(crate) fn try_box<T>(value: T) -> Result<NonNull<T>, T> {
    const { assert!(size_of::<T>() > 0, "an allocation has a size") };
    // SAFETY: the size is not zero.
    let memory = unsafe { alloc(Layout::new::<T>()) };
    let Some(place) = NonNull::new(memory.cast::<T>()) else {
        return Err(value);
    };
    // SAFETY: the memory is fresh and has the layout of `T`.
    unsafe { place.write(value) };
    Ok(place)
}

/// An array of zeros, or `None` when there is no memory.
pub(crate) fn try_zeroed(length: usize) -> Option<Box<[Cell<u32>]>> {
    if length == 0 {
        return Some(Box::default());
    }
    let layout = Layout::array::<Cell<u32>>(length).ok()?;
    // SAFETY: the size is not zero.
    let memory = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    let array = ptr::slice_from_raw_parts_mut(memory.as_ptr().cast::<Cell<u32>>(), length);
    // SAFETY: the memory is fresh, has the array's layout, and zeros are numbers.
    Some(unsafe { Box::from_raw(array) })
}
