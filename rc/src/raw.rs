//! Handles as plain pointers, for C and for other code that keeps a handle as an address.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::allocate::{Allocate, Global};
use crate::block::word_before;
use crate::counted::Handle;
use crate::counted_box::{CountedBox, stop_keeping};
use crate::counts::Counts;
use crate::weak::WeakHandle;
use crate::wide_pointer::with_metadata_of;

impl<T: ?Sized, C: Counts, A: Allocate> Handle<T, C, A> {
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
        Self::inner(this).as_ptr().as_ptr()
    }

    /// As [`into_raw`](Handle::into_raw), with the allocator, for [`from_raw_in`](Self::from_raw_in).
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// let (pointer, allocator) = Counted::into_raw_with_allocator(Counted::new_in(5, Global));
    /// // SAFETY: the pointer was a handle with this allocator, and is turned back once.
    /// assert_eq!(unsafe { *Counted::from_raw_in(pointer, allocator) }, 5);
    /// ```
    #[inline]
    #[must_use = "losing the pointer leaks the value"]
    pub fn into_raw_with_allocator(this: Self) -> (*const T, A) {
        let (inner, allocator) = Self::into_parts(this);
        (inner.as_ptr().as_ptr(), allocator)
    }

    /// As [`from_raw`](Handle::from_raw), with the allocator; see
    /// [`into_raw_with_allocator`](Self::into_raw_with_allocator).
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// let (pointer, allocator) = Counted::into_raw_with_allocator(Counted::new_in(5, Global));
    /// // SAFETY: the pointer was a handle with this allocator, and is turned back once.
    /// let five = unsafe { Counted::from_raw_in(pointer, allocator) };
    /// assert_eq!(*five, 5);
    /// ```
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](Handle::from_raw); the box is from this allocator, or a clone of it.
    #[inline]
    pub unsafe fn from_raw_in(pointer: *const T, allocator: A) -> Self {
        // SAFETY: by the contract, it points at a value.
        let value = unsafe { NonNull::new_unchecked(pointer.cast_mut()) };
        // SAFETY: by the contract.
        Self::from_parts(unsafe { CountedBox::from_value(value) }, allocator)
    }
}

impl<T: ?Sized, C: Counts> Handle<T, C> {
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
        Self::into_raw_with_allocator(this).0
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
        // SAFETY: by the contract.
        unsafe { Self::from_raw_in(pointer, Global) }
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

impl<T: ?Sized, C: Counts> WeakHandle<T, C> {
    /// Turns the handle into a pointer to where the value is, or was, or will be; [`from_raw`](Self::from_raw) turns it back.
    ///
    /// Until then, the pointer keeps the value's memory, though not the value. What a handle without a value becomes must not
    /// be looked at.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Weak};
    ///
    /// let strong = Counted::new(String::from("seen"));
    /// let pointer = Counted::downgrade(&strong).into_raw();
    /// // SAFETY: there is a strong handle.
    /// assert_eq!(unsafe { &*pointer }, "seen");
    /// drop(strong);
    /// // SAFETY: the pointer was a handle, and is turned back once.
    /// assert!(unsafe { Weak::from_raw(pointer) }.upgrade().is_none());
    /// ```
    #[must_use = "losing the pointer leaks memory"]
    pub fn into_raw(self) -> *const T {
        self.into_raw_with_allocator().0
    }

    /// Turns a pointer back into a weak handle.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Weak};
    ///
    /// let strong = Counted::new(5);
    /// let pointer = Counted::downgrade(&strong).into_raw();
    /// // SAFETY: the pointer was a handle, and is turned back once.
    /// let weak = unsafe { Weak::from_raw(pointer) };
    /// assert_eq!(weak.upgrade(), Some(strong));
    /// ```
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw) of a handle to the same value, whose type had the same size and
    /// alignment, and is turned back once.
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: by the contract.
        unsafe { Self::from_raw_in(pointer, Global) }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> WeakHandle<T, C, A> {
    /// As [`into_raw`](WeakHandle::into_raw), with the allocator, for [`from_raw_in`](Self::from_raw_in).
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global, Weak};
    ///
    /// let strong = Counted::new_in(5, Global);
    /// let (pointer, allocator) = Counted::downgrade(&strong).into_raw_with_allocator();
    /// // SAFETY: the pointer was a handle with this allocator, and is turned back once.
    /// let weak = unsafe { Weak::from_raw_in(pointer, allocator) };
    /// assert_eq!(weak.upgrade(), Some(strong));
    /// ```
    #[must_use = "losing the pointer leaks memory"]
    pub fn into_raw_with_allocator(self) -> (*const T, A) {
        let place = self.as_ptr();
        let is_kept = self.weak_box().is_none_or(|weak_box| weak_box.kept.increment_unless_zero());
        let (own, allocator) = self.into_own_pointer();
        // Without memory to keep, the pointer leads to the weak box itself. It is made odd, which no place of a value is.
        (if is_kept { place } else { map_address(own, |address| address | 1).as_ptr() }, allocator)
    }

    /// As [`from_raw`](WeakHandle::from_raw), with the allocator; see
    /// [`into_raw_with_allocator`](Self::into_raw_with_allocator).
    ///
    /// ```
    /// use mudlark_rc::{Global, Weak};
    ///
    /// let (pointer, allocator) = Weak::<u8>::new_in(Global).into_raw_with_allocator();
    /// // SAFETY: the pointer was a handle with this allocator, and is turned back once.
    /// let weak = unsafe { Weak::from_raw_in(pointer, allocator) };
    /// assert!(weak.upgrade().is_none());
    /// ```
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](WeakHandle::from_raw); the box is from this allocator, or a clone of it.
    pub unsafe fn from_raw_in(pointer: *const T, allocator: A) -> Self {
        // SAFETY: by the contract, it was a handle, and those become no null pointers.
        let pointer = unsafe { NonNull::new_unchecked(pointer.cast_mut()) };
        match pointer.addr().get() {
            // SAFETY: this is the own pointer of a handle to no value.
            usize::MAX => unsafe { Self::from_own_pointer(pointer, allocator) },
            // SAFETY: it was a handle's own pointer, made odd because there was no memory to keep.
            odd if odd & 1 != 0 => unsafe {
                Self::from_own_pointer(map_address(pointer, |address| address & !1), allocator)
            },
            // SAFETY: by the contract, and since no other handles become even pointers.
            _ => unsafe { Self::from_place(pointer, allocator) },
        }
    }

    /// The weak handle that was turned into this pointer to where its value is or was.
    ///
    /// # Safety
    ///
    /// As for [`from_raw_in`](Self::from_raw_in); the value is immortal, or the pointer keeps its memory.
    unsafe fn from_place(place: NonNull<T>, allocator: A) -> Self {
        // SAFETY: by the contract, the memory is there, and was that of a box.
        let word = unsafe { word_before::<T, C>(place) };
        // SAFETY: as above.
        let weak_box = unsafe { word.as_ref() }.weak_box();
        if weak_box.is_some() {
            // SAFETY: the pointer keeps the memory no longer; the weak box stays, since the new handle has a count of it.
            unsafe { stop_keeping::<T, C>(place, &allocator) };
        }
        // The weak count that the handle had is this one's again.
        Self::with_count(weak_box, place, allocator)
    }
}

/// The same pointer, with another address, which is not zero.
fn map_address<T: ?Sized>(pointer: NonNull<T>, map: impl FnOnce(usize) -> usize) -> NonNull<T> {
    let place = pointer.cast::<u8>();
    let mapped = place.as_ptr().map_addr(map);
    with_metadata_of(NonNull::new(mapped).unwrap_or(place), pointer)
}
