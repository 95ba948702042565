//! [`CloneToCounted`]: the values that can be cloned into a box of their own, also unsized ones.

use core::ffi::CStr;

use crate::counted::Counted;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A value that can be cloned into a counted box: any `Clone` value, and slices and strings.
///
/// [`Counted::make_mut`] asks for it. It is not for others to implement: `make_mut` trusts that the box is new and has
/// no other handle.
///
/// ```
/// use mudlark_rc::{CloneToCounted, Counted};
///
/// let text: Counted<str> = "text".clone_to_counted();
/// assert_eq!(&*text, "text");
/// ```
pub trait CloneToCounted: Sealed {
    /// A clone in a new box, whose only handle is the result.
    fn clone_to_counted(&self) -> Counted<Self>;
}

impl<T: Clone> Sealed for T {}
impl<T: Clone> CloneToCounted for T {
    #[inline]
    fn clone_to_counted(&self) -> Counted<T> {
        Counted::new(self.clone())
    }
}

impl<T: Clone> Sealed for [T] {}
impl<T: Clone> CloneToCounted for [T] {
    #[inline]
    fn clone_to_counted(&self) -> Counted<[T]> {
        Counted::from(self)
    }
}

/// The unsized types that can be made of a reference to them, without cloning elements.
macro_rules! clone_to_counted_by_from {
    ($($type:ty),*) => {$(
        impl Sealed for $type {}
        impl CloneToCounted for $type {
            #[inline]
            fn clone_to_counted(&self) -> Counted<Self> {
                Counted::from(self)
            }
        }
    )*};
}

clone_to_counted_by_from!(str, CStr);
#[cfg(feature = "std")]
clone_to_counted_by_from!(std::ffi::OsStr, std::path::Path);
