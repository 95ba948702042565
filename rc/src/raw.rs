//! Handles as plain pointers, for C and for other code that keeps a handle as an address.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::counted::Counted;
use crate::counted_box::CountedBox;

impl<T: ?Sized> Counted<T> {
    /// The address of the value; valid as long as a strong handle lives.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let five = Counted::new(5);
    /// assert!(core::ptr::eq(Counted::as_ptr(&five), &*five));
    /// ```
    #[inline]
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        this.inner.as_ptr().as_ptr()
    }

    /// Turns the handle into a pointer to the value; [`from_raw`](Self::from_raw) turns it back.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let pointer = Counted::into_raw(Counted::new(5));
    /// // SAFETY: the pointer was a handle, and is turned back once.
    /// assert_eq!(unsafe { *Counted::from_raw(pointer) }, 5);
    /// ```
    #[inline]
    #[must_use = "losing the pointer leaks the value"]
    pub fn into_raw(this: Self) -> *const T {
        this.into_inner_box().as_ptr().as_ptr()
    }

    /// Turns a pointer back into a handle.
    ///
    /// The pointer may have been coerced on the way, which makes a handle to an unsized value (the macro
    /// [`unsize!`](crate::unsize) does it without `unsafe`):
    ///
    /// ```
    /// use core::fmt::Display;
    /// use mudlark_rc::Counted;
    ///
    /// let pointer = Counted::into_raw(Counted::new(5));
    /// let pointer: *const dyn Display = pointer;
    /// // SAFETY: the pointer was a handle, coerced to a trait of its value, and is turned back once.
    /// let five: Counted<dyn Display> = unsafe { Counted::from_raw(pointer) };
    /// assert_eq!(five.to_string(), "5");
    /// ```
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw) or [`as_ptr`](Self::as_ptr) of a handle to the same value, whose
    /// type had the same size and alignment and may be read as a `T`. One strong count is handed over: one that `into_raw`
    /// or [`increment_strong_count`](Self::increment_strong_count) left with the pointer, and each only once.
    #[inline]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: by the contract, it points at a value.
        let value = unsafe { NonNull::new_unchecked(pointer.cast_mut()) };
        // SAFETY: by the contract.
        Self { inner: unsafe { CountedBox::from_value(value) } }
    }

    /// Counts one strong handle more, which [`from_raw`](Self::from_raw) may then make of the pointer.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let pointer = Counted::into_raw(Counted::new(5));
    /// // SAFETY: the pointer was a handle, counted twice, and is turned back twice.
    /// let both = unsafe {
    ///     Counted::increment_strong_count(pointer);
    ///     (Counted::from_raw(pointer), Counted::from_raw(pointer))
    /// };
    /// assert_eq!(Counted::strong_count(&both.0), 2);
    /// ```
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](Self::from_raw), except that no strong count is handed over; one is alive.
    #[inline]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        // SAFETY: by the contract; the handle is not dropped.
        let borrowed = ManuallyDrop::new(unsafe { Self::from_raw(pointer) });
        let _counted = ManuallyDrop::new(Self::clone(&borrowed));
    }

    /// Drops the strong handle that a pointer stands for.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let pointer = Counted::into_raw(Counted::new(5));
    /// // SAFETY: the pointer was a handle, and is not used again.
    /// unsafe { Counted::decrement_strong_count(pointer) };
    /// ```
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](Self::from_raw).
    #[inline]
    pub unsafe fn decrement_strong_count(pointer: *const T) {
        // SAFETY: by the contract.
        drop(unsafe { Self::from_raw(pointer) });
    }
}
