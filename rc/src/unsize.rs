//! [`unsize!`](crate::unsize): from a handle to a concrete value to one to a `dyn Trait` or a slice.
//!
//! The compiler does this by itself for the standard library's pointers, by a trait that others cannot implement yet
//! (`CoerceUnsized`). It does it for plain pointers too, and a handle can be turned into one and back.

/// Turns a handle to a concrete value into one to an unsized view of it: `unsize!(handle => dyn Trait)`.
///
/// The type after the arrow is what the value can be coerced to: a trait of it as `dyn Trait`, a slice of its array, or a
/// supertrait of its trait. Nothing is allocated or copied.
///
/// ```
/// use std::fmt::Display;
/// use mudlark_rc::{Counted, unsize};
///
/// let shown = [unsize!(Counted::new(5) => dyn Display), unsize!(Counted::new("five") => dyn Display)];
/// assert_eq!(format!("{}, {}", shown[0], shown[1]), "5, five");
///
/// let slice: Counted<[u8]> = unsize!(Counted::new([1, 2, 3]) => [u8]);
/// assert_eq!(slice.len(), 3);
/// ```
///
/// What is no coercion does not compile:
///
/// ```compile_fail,E0308
/// let handle = mudlark_rc::unsize!(mudlark_rc::Counted::new(5_u64) => [u8]);
/// ```
#[macro_export]
macro_rules! unsize {
    ($handle:expr => $type:ty) => {{
        let pointer = $crate::Counted::into_raw($handle);
        let pointer: *const $type = pointer;
        // SAFETY: the pointer was a handle, and only what the compiler coerces by itself has been done to it.
        unsafe { $crate::Counted::<$type>::from_raw(pointer) }
    }};
}
