//! [`CloneToCounted`]: the values that can be cloned into a box of their own, also unsized ones.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::convert::{clone_slice, from_bytes_of};
use crate::counted::Handle;
use crate::counts::Counts;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A value that can be cloned into a counted box: any `Clone` value, and slices and strings.
///
/// [`make_mut`](Handle::make_mut) asks for it. It is not for others to implement: `make_mut` trusts that the box is new and has
/// no other handle.
///
/// ```
/// use mudlark_rc::{CloneToCounted, Counted, Global};
///
/// let text: Counted<str> = "text".clone_to_counted(Global);
/// assert_eq!(&*text, "text");
/// ```
pub trait CloneToCounted: Sealed {
    /// A clone in a new box from this allocator, whose only handle is the result.
    fn clone_to_counted<C: Counts, A: Allocate>(&self, allocator: A) -> Handle<Self, C, A>;
}

impl<T: Clone> Sealed for T {}
impl<T: Clone> CloneToCounted for T {
    #[inline]
    fn clone_to_counted<C: Counts, A: Allocate>(&self, allocator: A) -> Handle<T, C, A> {
        Handle::new_in(self.clone(), allocator)
    }
}

impl<T: Clone> Sealed for [T] {}
impl<T: Clone> CloneToCounted for [T] {
    #[inline]
    fn clone_to_counted<C: Counts, A: Allocate>(&self, allocator: A) -> Handle<[T], C, A> {
        clone_slice(self, allocator)
    }
}

/// The unsized types that are plain bytes.
macro_rules! clone_to_counted_by_copy {
    ($($type:ty),*) => {$(
        impl Sealed for $type {}
        impl CloneToCounted for $type {
            #[inline]
            fn clone_to_counted<C: Counts, A: Allocate>(&self, allocator: A) -> Handle<Self, C, A> {
                // SAFETY: text is plain bytes, which may be duplicated.
                unsafe { from_bytes_of(NonNull::from(self), allocator) }
            }
        }
    )*};
}

clone_to_counted_by_copy!(str, CStr);
#[cfg(feature = "std")]
clone_to_counted_by_copy!(std::ffi::OsStr, std::path::Path);
