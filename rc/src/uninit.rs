//! Boxes whose value is written later, in place.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::counted::Counted;
use crate::counted_box::{VacantBox, slice_layout};

impl<T> Counted<T> {
    /// A box for a value that is yet to be written, by way of [`get_mut`](Self::get_mut).
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut five = Counted::<u32>::new_uninit();
    /// Counted::get_mut(&mut five).unwrap().write(5);
    /// // SAFETY: the value was just written.
    /// let five = unsafe { five.assume_init() };
    /// assert_eq!(*five, 5);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit() -> Counted<MaybeUninit<T>> {
        let vacant = VacantBox::new(Layout::new::<T>());
        let place = vacant.value().cast::<MaybeUninit<T>>();
        // SAFETY: the box was allocated for a `T`, which may be missing.
        Counted::from_inner_box(unsafe { vacant.occupied(place) })
    }
}

impl<T> Counted<[T]> {
    /// A box for `len` values that are yet to be written, by way of [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    ///
    /// If the box would be larger than `isize::MAX` bytes.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut squares = Counted::<[usize]>::new_uninit_slice(3);
    /// for (i, place) in Counted::get_mut(&mut squares).unwrap().iter_mut().enumerate() {
    ///     place.write(i * i);
    /// }
    /// // SAFETY: all values were just written.
    /// let squares = unsafe { squares.assume_init() };
    /// assert_eq!(*squares, [0, 1, 4]);
    /// ```
    #[inline]
    #[must_use]
    pub fn new_uninit_slice(len: usize) -> Counted<[MaybeUninit<T>]> {
        let vacant = VacantBox::new(slice_layout::<T>(len));
        let place = NonNull::slice_from_raw_parts(vacant.value().cast::<MaybeUninit<T>>(), len);
        // SAFETY: the box was allocated for as many values, which may be missing.
        Counted::from_inner_box(unsafe { vacant.occupied(place) })
    }
}

impl<T> Counted<MaybeUninit<T>> {
    /// The same handle, to the value that was written; see [`new_uninit`](Counted::new_uninit) for an example.
    ///
    /// # Safety
    ///
    /// The value was written.
    #[inline]
    #[must_use]
    pub unsafe fn assume_init(self) -> Counted<T> {
        let value = Self::into_raw(self).cast::<T>();
        // SAFETY: the pointer was a handle to a place of the same layout, where by the contract there is a `T`.
        unsafe { Counted::from_raw(value) }
    }
}

impl<T> Counted<[MaybeUninit<T>]> {
    /// The same handle, to the values that were written; see [`new_uninit_slice`](Counted::new_uninit_slice) for an example.
    ///
    /// # Safety
    ///
    /// All values were written.
    #[inline]
    #[must_use]
    pub unsafe fn assume_init(self) -> Counted<[T]> {
        let values = Self::into_raw(self) as *const [T];
        // SAFETY: the pointer was a handle to places of the same layout, where by the contract there are values.
        unsafe { Counted::from_raw(values) }
    }
}
