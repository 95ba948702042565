//! [`Counted`]: a strong handle.

use alloc::boxed::Box;
use core::alloc::Layout;
use core::any::Any;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::ptr;
use core::{fmt, mem};

use crate::clone_to_counted::CloneToCounted;
use crate::counted_box::{CountedBox, VacantBox};
use crate::weak::Weak;

/// A strong handle: it shares the ownership of a value, which lives until the last strong handle is dropped.
///
/// It points straight at the value; one word before it is the count of handles. Cloning a handle adds to the count,
/// dropping it subtracts. The value is shared, so it is only lent out immutably; for shared values that change, put a
/// [`Cell`](core::cell::Cell) or a [`RefCell`](core::cell::RefCell) inside.
///
/// Everything beyond what all pointers can do is an associated function, called as `Counted::downgrade(&handle)`, so that
/// it does not hide a method of the value. See the [crate's documentation](crate) for how it differs from
/// [`Rc`](alloc::rc::Rc).
///
/// ```
/// use mudlark_rc::Counted;
///
/// let song = Counted::new(String::from("a tune"));
/// let same = song.clone();
/// assert_eq!(same.len(), 6);
/// assert_eq!(Counted::strong_count(&song), 2);
/// ```
///
/// # Immortal values
///
/// A count that would not fit in its word (it takes half the address space in forgotten handles, or more) becomes
/// *immortal*: it never changes again, the value is never dropped, and [`strong_count`](Self::strong_count) is
/// `usize::MAX`.
///
/// # Threads
///
/// The counts are plain memory, so a handle stays on its thread:
///
/// ```compile_fail,E0277
/// let here = mudlark_rc::Counted::new(5);
/// std::thread::spawn(move || println!("{here}"));
/// ```
///
/// ```compile_fail,E0277
/// let here = mudlark_rc::Counted::new(5);
/// std::thread::scope(|scope| { scope.spawn(|| println!("{here}")); });
/// ```
///
/// # Variance and drop check
///
/// A `Counted<&'long T>` is also a `Counted<&'short T>`. It drops its value, so what the value borrows has to outlive it:
///
/// ```
/// use mudlark_rc::Counted;
///
/// fn shorten<'short>(long: Counted<&'static str>, _: &'short str) -> Counted<&'short str> {
///     long
/// }
/// assert_eq!(*shorten(Counted::new("long"), &String::from("short")), "long");
/// ```
///
/// ```compile_fail,E0597
/// let handle;
/// let text = String::from("dropped first");
/// handle = mudlark_rc::Counted::new(&text);
/// ```
pub struct Counted<T: ?Sized> {
    /// Owns one strong count.
    pub(crate) inner: CountedBox<T>,
}

impl<T> Counted<T> {
    /// Moves a value into a new box, with this one handle.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// assert_eq!(*Counted::new(5), 5);
    /// ```
    #[inline]
    pub fn new(value: T) -> Self {
        Self { inner: CountedBox::new(value) }
    }

    /// A value that holds a weak handle to itself.
    ///
    /// `make` gets this weak handle before the value is there: upgrading it gives `None` until `new_cyclic` returned.
    /// When `make` panics, the box is freed.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Weak};
    ///
    /// struct Gadget {
    ///     me: Weak<Gadget>,
    /// }
    ///
    /// let gadget = Counted::new_cyclic(|me| Gadget { me: me.clone() });
    /// assert!(Counted::ptr_eq(&gadget, &gadget.me.upgrade().unwrap()));
    /// ```
    pub fn new_cyclic(make: impl FnOnce(&Weak<T>) -> T) -> Self {
        let vacant = VacantBox::new(Layout::new::<T>());
        let place = vacant.value().cast::<T>();
        let weak_box = vacant.count().downgrade(vacant.value());
        weak_box.strong.set(0);
        let weak = Weak::with_count(weak_box.clone(), place);
        let value = make(&weak);
        // SAFETY: the box was allocated for a `T`, and no handle reads it while the strong count is zero.
        unsafe { place.write(value) };
        weak_box.strong.set(1);
        // SAFETY: the value was just written.
        let inner = unsafe { vacant.occupied(place) };
        Self { inner }
    }

    /// Moves a value into a new box and pins it: it is not moved again while the handle (or a clone) is alive.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let pinned = Counted::pin(core::marker::PhantomPinned);
    /// let _same = pinned.clone();
    /// ```
    #[inline]
    pub fn pin(value: T) -> Pin<Self> {
        // SAFETY: the handles reach the value only through `Pin<Counted<T>>`, which never moves it or lends it mutably
        // unless `T` is `Unpin`; the box stays where it is until the value was dropped.
        unsafe { Pin::new_unchecked(Self::new(value)) }
    }

    /// Moves the value out if this is the only strong handle. Weak handles see the value as gone.
    ///
    /// # Errors
    ///
    /// Gives the handle back when there are others.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let one = Counted::new(3);
    /// let two = one.clone();
    /// let one = Counted::try_unwrap(one).unwrap_err();
    /// drop(two);
    /// assert_eq!(Counted::try_unwrap(one), Ok(3));
    /// ```
    #[inline]
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        if Self::strong_count(&this) != 1 {
            return Err(this);
        }
        // SAFETY: the strong count is one, which is this handle.
        Ok(unsafe { this.into_inner_box().take() })
    }

    /// Drops the handle; moves the value out if it was the only strong one.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let one = Counted::new(3);
    /// let two = one.clone();
    /// assert_eq!(Counted::into_inner(one), None);
    /// assert_eq!(Counted::into_inner(two), Some(3));
    /// ```
    #[inline]
    #[must_use = "call `drop` to let go of the handle and the value"]
    pub fn into_inner(this: Self) -> Option<T> {
        Self::try_unwrap(this).ok()
    }

    /// The value itself if this is the only strong handle, else a clone of it.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let name = Counted::new(String::from("Ann"));
    /// let _other = name.clone();
    /// assert_eq!(Counted::unwrap_or_clone(name), "Ann");
    /// ```
    #[inline]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Self::try_unwrap(this).unwrap_or_else(|shared| T::clone(&shared))
    }
}

impl<T: ?Sized> Counted<T> {
    /// A weak handle to the same value. The first one makes the weak box.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// let weak = Counted::downgrade(&strong);
    /// drop(strong);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[inline]
    #[must_use = "a weak handle that is dropped at once does nothing"]
    pub fn downgrade(this: &Self) -> Weak<T> {
        let value = this.inner.as_ptr();
        Weak::with_count(this.inner.count().downgrade(value.cast()), value)
    }

    /// The number of strong handles to the value; `usize::MAX` when it is immortal.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let one = Counted::new(5);
    /// let _two = one.clone();
    /// assert_eq!(Counted::strong_count(&one), 2);
    /// ```
    #[inline]
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        this.inner.count().strong()
    }

    /// The number of weak handles to the value.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// let _weak = Counted::downgrade(&strong);
    /// assert_eq!(Counted::weak_count(&strong), 1);
    /// ```
    #[inline]
    #[must_use]
    pub fn weak_count(this: &Self) -> usize {
        this.inner.count().weak()
    }

    /// Whether both are handles to the very same value (not just to equal ones).
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let five = Counted::new(5);
    /// assert!(Counted::ptr_eq(&five, &five.clone()));
    /// assert!(!Counted::ptr_eq(&five, &Counted::new(5)));
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        // Also right for values without a size, whose addresses others may share: the words before them are apart.
        ptr::addr_eq(Self::as_ptr(this), Self::as_ptr(other))
    }

    /// Lends the value mutably if this is the only handle to it, strong or weak.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut alone = Counted::new(3);
    /// *Counted::get_mut(&mut alone).unwrap() = 4;
    /// let _other = alone.clone();
    /// assert!(Counted::get_mut(&mut alone).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if Self::strong_count(this) == 1 && Self::weak_count(this) == 0 {
            // SAFETY: there is no other handle, and none can be made while `this` is borrowed.
            Some(unsafe { this.inner.value_mut() })
        } else {
            None
        }
    }

    /// Lends the value mutably, after cloning it into a box of its own if it has other strong handles.
    ///
    /// If there are no other strong handles but weak ones, these see the value as gone; it stays where it is.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let mut ours: Counted<[u8]> = Counted::from([1, 2]);
    /// let theirs = ours.clone();
    /// Counted::make_mut(&mut ours)[0] = 9;
    /// assert_eq!((&*ours, &*theirs), (&[9, 2][..], &[1, 2][..]));
    /// ```
    #[inline]
    pub fn make_mut(this: &mut Self) -> &mut T
    where
        T: CloneToCounted,
    {
        if Self::strong_count(this) == 1 {
            this.inner.count().detach_weak_box();
        } else {
            *this = T::clone_to_counted(this);
        }
        // SAFETY: `this` is the only strong handle (a clone's box is new, by the contract of `CloneToCounted`), it is borrowed,
        // and no weak handle can upgrade to another.
        unsafe { this.inner.value_mut() }
    }

    /// A handle to the value of this box, which hands its strong count over.
    #[inline]
    pub(crate) fn from_inner_box(inner: CountedBox<T>) -> Self {
        Self { inner }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> &crate::count::CountWord {
        self.inner.count()
    }

    /// The box, with the handle's strong count.
    #[inline]
    pub(crate) fn into_inner_box(self) -> CountedBox<T> {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: the handle is forgotten, so the count is handed over.
        unsafe { CountedBox::from_value(this.inner.as_ptr()) }
    }
}

impl<T: ?Sized> Clone for Counted<T> {
    /// Another strong handle to the same value.
    #[inline]
    fn clone(&self) -> Self {
        self.inner.count().increment();
        // SAFETY: the count was just taken for the new handle.
        Self { inner: unsafe { CountedBox::from_value(self.inner.as_ptr()) } }
    }
}

impl<T: ?Sized> Drop for Counted<T> {
    /// Lets go of the value; the last strong handle drops it.
    ///
    /// The value's own handles are dropped in turn, one stack frame inside the other: a chain of some hundred thousand
    /// boxes overflows the stack.
    #[inline]
    fn drop(&mut self) {
        if self.inner.count().decrement_if_plainly_shared() {
            return;
        }
        // SAFETY: `self` is being dropped, so its count is handed over.
        let inner = unsafe { CountedBox::from_value(self.inner.as_ptr()) };
        // SAFETY: `self` is not used again.
        unsafe { inner.release() };
    }
}

impl<T: ?Sized> Deref for Counted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.value()
    }
}

impl<T: ?Sized> fmt::Pointer for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Self::as_ptr(self), f)
    }
}

/// The value does not move with its handle.
impl<T: ?Sized> Unpin for Counted<T> {}
impl<T: RefUnwindSafe + ?Sized> UnwindSafe for Counted<T> {}
impl<T: RefUnwindSafe + ?Sized> RefUnwindSafe for Counted<T> {}

/// Handles are as thin as pointers, and leave null to `Option`.
const _: () = {
    assert!(size_of::<Counted<u8>>() == size_of::<usize>());
    assert!(size_of::<Option<Counted<u8>>>() == size_of::<usize>());
    assert!(size_of::<Counted<[u64]>>() == size_of::<Box<[u64]>>());
    assert!(size_of::<Option<Counted<dyn Any>>>() == 2 * size_of::<usize>());
};
