//! What a handle can do because its value can: compare, order, hash, show, be borrowed, be an error.

use core::borrow::Borrow;
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::allocate::Allocate;
use crate::counted::Handle;
use crate::counts::Counts;
use crate::reflexive::is_reflexive;

impl<T: PartialEq + ?Sized, C: Counts, A: Allocate> PartialEq for Handle<T, C, A> {
    /// Whether the values are equal; [`Handle::ptr_eq`] asks whether they are the same.
    ///
    /// If the value is `Eq`, two handles to the same one are equal at once.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let (five, nan) = (Counted::new(5), Counted::new(f64::NAN));
    /// assert!(five == Counted::new(5) && five != Counted::new(6));
    /// assert!(five == five.clone() && nan != nan.clone());
    /// ```
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        is_surely_equal(self, other) || **self == **other
    }

    #[expect(clippy::partialeq_ne_impl, reason = "a value may have an `ne` of its own")]
    #[inline]
    fn ne(&self, other: &Self) -> bool {
        !is_surely_equal(self, other) && **self != **other
    }
}

/// Whether both handles are to one value, of a type whose values equal themselves.
#[inline]
fn is_surely_equal<T: PartialEq + ?Sized, C: Counts, A: Allocate>(
    one: &Handle<T, C, A>,
    other: &Handle<T, C, A>,
) -> bool {
    Handle::ptr_eq(one, other) && is_reflexive::<T>()
}

impl<T: Eq + ?Sized, C: Counts, A: Allocate> Eq for Handle<T, C, A> {}

impl<T: PartialOrd + ?Sized, C: Counts, A: Allocate> PartialOrd for Handle<T, C, A> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }

    #[inline]
    fn lt(&self, other: &Self) -> bool {
        **self < **other
    }

    #[inline]
    fn le(&self, other: &Self) -> bool {
        **self <= **other
    }

    #[inline]
    fn gt(&self, other: &Self) -> bool {
        **self > **other
    }

    #[inline]
    fn ge(&self, other: &Self) -> bool {
        **self >= **other
    }
}

impl<T: Ord + ?Sized, C: Counts, A: Allocate> Ord for Handle<T, C, A> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: Hash + ?Sized, C: Counts, A: Allocate> Hash for Handle<T, C, A> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: fmt::Debug + ?Sized, C: Counts, A: Allocate> fmt::Debug for Handle<T, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display + ?Sized, C: Counts, A: Allocate> fmt::Display for Handle<T, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: Error + ?Sized, C: Counts, A: Allocate> Error for Handle<T, C, A> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (**self).source()
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Borrow<T> for Handle<T, C, A> {
    #[inline]
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> AsRef<T> for Handle<T, C, A> {
    #[inline]
    fn as_ref(&self) -> &T {
        self
    }
}

#[cfg(all(unix, feature = "std"))]
impl<T: std::os::fd::AsFd + ?Sized, C: Counts, A: Allocate> std::os::fd::AsFd for Handle<T, C, A> {
    #[inline]
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        (**self).as_fd()
    }
}

#[cfg(all(unix, feature = "std"))]
impl<T: std::os::fd::AsRawFd, C: Counts, A: Allocate> std::os::fd::AsRawFd for Handle<T, C, A> {
    #[inline]
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        (**self).as_raw_fd()
    }
}
