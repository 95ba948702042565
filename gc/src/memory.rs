//! Boxes whose allocation may fail.

use core::alloc::Layout;
use core::ptr::NonNull;

use alloc::alloc::alloc;

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
