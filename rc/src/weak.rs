//! [`Weak`]: a handle that does not keep the value alive.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::counted::Counted;
use crate::counted_box::CountedBox;
use crate::weak_box::{WeakBox, WeakCount};
use crate::wide_pointer::with_metadata_of;

/// A weak handle: it knows a value without keeping it alive, and can be upgraded to a strong one while it is.
///
/// It points at the weak box, and never into the value's memory, which goes with the value. Being a pointer with the
/// length or the methods of the value, it takes one word for sized values and two for unsized ones, as `Counted` does.
///
/// Use it where strong handles would make a cycle, which would never be freed:
///
/// ```
/// use core::cell::RefCell;
/// use mudlark_rc::{Counted, Weak};
///
/// struct Folder {
///     parent: Weak<Folder>,
///     folders: RefCell<Vec<Counted<Folder>>>,
/// }
///
/// let root = Counted::new(Folder { parent: Weak::new(), folders: RefCell::default() });
/// let child = Folder { parent: Counted::downgrade(&root), folders: RefCell::default() };
/// root.folders.borrow_mut().push(Counted::new(child));
///
/// let up = root.folders.borrow()[0].parent.upgrade().unwrap();
/// assert!(Counted::ptr_eq(&up, &root));
/// ```
///
/// ```compile_fail,E0277
/// let here = mudlark_rc::Weak::<u8>::new();
/// std::thread::spawn(move || here.upgrade());
/// ```
///
/// # Invariants
///
/// The address is that of a live weak box, with its provenance, and the handle owns one of its weak counts; or it is
/// `usize::MAX`, and there is no box. The rest is of the kind that pointers to the value have.
pub struct Weak<T: ?Sized> {
    pointer: NonNull<T>,
}

impl<T> Weak<T> {
    /// A weak handle to no value. It allocates nothing.
    ///
    /// ```
    /// use mudlark_rc::Weak;
    ///
    /// assert!(Weak::<u64>::new().upgrade().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        // INVARIANT: the address stands for no box; no allocation of more than one byte has it.
        let nowhere = ptr::without_provenance_mut(usize::MAX);
        Self { pointer: NonNull::new(nowhere).expect("the largest address is not null") }
    }
}

impl<T: ?Sized> Weak<T> {
    /// The handle that owns this weak count; its value is at `value`, or will be.
    #[inline]
    pub(crate) fn with_count(weak_count: WeakCount, value: NonNull<T>) -> Self {
        // INVARIANT: the count, and the address, are those of `weak_count`.
        Self { pointer: with_metadata_of(weak_count.into_raw().cast(), value) }
    }

    /// A strong handle to the value, or `None` when it was dropped or moved out, or is not there yet.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// let weak = Counted::downgrade(&strong);
    /// assert_eq!(*weak.upgrade().unwrap(), 5);
    /// drop(strong);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn upgrade(&self) -> Option<Counted<T>> {
        let weak_box = self.weak_box()?;
        if weak_box.strong.get() == 0 {
            return None;
        }
        weak_box.strong.increment();
        let value = with_metadata_of(weak_box.value(), self.pointer);
        // SAFETY: while the strong count is not zero, the value is there; the count was just taken.
        let inner = unsafe { CountedBox::from_value(value) };
        Some(Counted::from_inner_box(inner))
    }

    /// The number of strong handles to the value, zero when it is gone; `usize::MAX` when it is immortal.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Weak};
    ///
    /// let strong = Counted::new(5);
    /// assert_eq!(Counted::downgrade(&strong).strong_count(), 1);
    /// assert_eq!(Weak::<u8>::new().strong_count(), 0);
    /// ```
    #[inline]
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.weak_box().map_or(0, |weak_box| weak_box.strong.get())
    }

    /// The number of weak handles to the value, zero when it is gone.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// let weak = Counted::downgrade(&strong);
    /// assert_eq!(weak.weak_count(), 1);
    /// drop(strong);
    /// assert_eq!(weak.weak_count(), 0);
    /// ```
    #[inline]
    #[must_use]
    pub fn weak_count(&self) -> usize {
        match self.weak_box() {
            Some(weak_box) if weak_box.strong.get() > 0 => weak_box.weak_handles(),
            _ => 0,
        }
    }

    /// Whether both are weak handles to the very same value, or both to none (made by [`new`](Self::new)).
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let (one, two) = (Counted::new(5), Counted::new(5));
    /// let weak = Counted::downgrade(&one);
    /// assert!(weak.ptr_eq(&Counted::downgrade(&one)));
    /// assert!(!weak.ptr_eq(&Counted::downgrade(&two)));
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        ptr::addr_eq(self.pointer.as_ptr(), other.pointer.as_ptr())
    }

    #[cfg(test)]
    pub(crate) fn set_weak_count(&self, weak: usize) {
        self.weak_box().expect("the handle has a weak box").weak.set(weak);
    }

    /// Where the value is, or was when it is gone, or will be; some address that is not null for a handle made by
    /// [`new`](Self::new).
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// assert_eq!(Counted::downgrade(&strong).as_ptr(), Counted::as_ptr(&strong));
    /// ```
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        let place = self.weak_box().map(|weak_box| with_metadata_of(weak_box.value(), self.pointer));
        place.unwrap_or(self.pointer).as_ptr()
    }

    /// The handle as its pointer to the weak box, for [`from_weak_box_pointer`](Self::from_weak_box_pointer).
    #[inline]
    pub(crate) fn into_weak_box_pointer(self) -> *const T {
        ManuallyDrop::new(self).pointer.as_ptr()
    }

    /// The handle that was this pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_weak_box_pointer`](Weak::into_weak_box_pointer) of a handle to the same value, and was
    /// coerced at most. It is turned back once.
    #[inline]
    pub(crate) unsafe fn from_weak_box_pointer(pointer: *const T) -> Self {
        // SAFETY: by the contract, it was not null.
        let pointer = unsafe { NonNull::new_unchecked(pointer.cast_mut()) };
        // INVARIANT: the weak count of the handle that it was is this one's now.
        Self { pointer }
    }

    /// The weak box, unless the handle was made by `new`.
    #[inline]
    fn weak_box(&self) -> Option<&WeakBox> {
        // SAFETY: by the invariant, there is a live weak box at this address, which is only ever shared.
        self.weak_box_pointer().map(|weak_box| unsafe { weak_box.as_ref() })
    }

    #[inline]
    fn weak_box_pointer(&self) -> Option<NonNull<WeakBox>> {
        let weak_box = self.pointer.cast::<WeakBox>();
        (weak_box.addr().get() != usize::MAX).then_some(weak_box)
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    /// Another weak handle to the same value.
    #[inline]
    fn clone(&self) -> Self {
        if let Some(weak_box) = self.weak_box() {
            weak_box.weak.increment();
        }
        // INVARIANT: the count, if there is a box, was just taken.
        Self { pointer: self.pointer }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(weak_box) = self.weak_box_pointer() {
            // SAFETY: by the invariant, the handle owned one weak count.
            drop(unsafe { WeakCount::from_raw(weak_box) });
        }
    }
}

impl<T> Default for Weak<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    /// Writes `(Weak)`: the value may be part of a cycle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}

const _: () = {
    assert!(size_of::<Option<Weak<u8>>>() == size_of::<usize>());
    assert!(size_of::<Option<Weak<[u8]>>>() == 2 * size_of::<usize>());
};
