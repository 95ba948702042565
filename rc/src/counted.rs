//! [`Handle`]: a strong handle, as [`Counted`] on one thread and as [`SyncCounted`] on many.

use alloc::boxed::Box;
use core::alloc::Layout;
use core::any::Any;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::ptr;
use core::{fmt, mem};

use crate::allocate::{Allocate, Global};
use crate::count::{Last, Plainly};
use crate::counted_box::{CountedBox, VacantBox};
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
use crate::counts::Atomic;
use crate::counts::{Counts, Local};
use crate::deferred_drop::drop_box;
use crate::weak::WeakHandle;

/// A strong handle for one thread: `Rc` with half the header. See [`Handle`] for what it can do.
///
/// ```
/// use mudlark_rc::Counted;
///
/// let text: Counted<str> = Counted::from("read in many places");
/// assert_eq!(text.clone().len(), 19);
/// assert_eq!(Counted::strong_count(&text), 1);
/// ```
pub type Counted<T, A = Global> = Handle<T, Local, A>;

/// A strong handle that may cross threads, as `Arc` may: counted by atomic instructions. See [`Handle`] for what it can do.
///
/// ```
/// use mudlark_rc::SyncCounted;
///
/// let text: SyncCounted<str> = SyncCounted::from("read by many");
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         let text = text.clone();
///         scope.spawn(move || assert_eq!(text.len(), 12));
///     }
/// });
/// assert_eq!(SyncCounted::strong_count(&text), 1);
/// ```
///
/// It may do so only if its value may be used from many threads, and dropped on any:
///
/// ```compile_fail,E0277
/// let cell = mudlark_rc::SyncCounted::new(core::cell::Cell::new(5));
/// std::thread::spawn(move || cell.set(6));
/// ```
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
pub type SyncCounted<T, A = Global> = Handle<T, Atomic, A>;

/// A strong handle: it shares the ownership of a value, which lives until the last strong handle is dropped.
///
/// It is what [`Counted`] (for one thread) and `SyncCounted` (for many) are names of; `C` is how they count.
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
/// A value whose count does not fit (in three bits less than a word, or in 32 bits once there are weak handles) becomes
/// *immortal*: the count never changes again, the value is never dropped, and [`strong_count`](Self::strong_count) and
/// [`weak_count`](Self::weak_count) are `usize::MAX`. Values can also be made so, by [`immortal`](Self::immortal),
/// [`make_immortal`](Self::make_immortal) and [`static_counted!`](crate::static_counted).
///
/// # Threads
///
/// The counts of a `Counted` are plain memory, so it stays on its thread:
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
///
/// # Invariants
///
/// `inner` owns one strong count. The box, and the weak box if there is one, are from `allocator` or a clone of it.
pub struct Handle<T: ?Sized, C: Counts, A: Allocate = Global> {
    inner: CountedBox<T, C>,
    allocator: A,
}

// SAFETY: the counts are atomic. A handle lends the value to its thread, and the last one drops it there, so a `T` has to
// be both. The allocator is used by the thread of its handle only.
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
unsafe impl<T: Send + Sync + ?Sized, A: Allocate + Send> Send for SyncCounted<T, A> {}
// SAFETY: as above; who shares a handle can clone it. The allocator is then cloned, too.
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
unsafe impl<T: Send + Sync + ?Sized, A: Allocate + Sync> Sync for SyncCounted<T, A> {}

impl<T, C: Counts> Handle<T, C> {
    /// Moves a value into a new box, with this one handle.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// assert_eq!(*Counted::new(5), 5);
    /// ```
    #[inline]
    pub fn new(value: T) -> Self {
        Self::new_in(value, Global)
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
    pub fn new_cyclic(make: impl FnOnce(&WeakHandle<T, C>) -> T) -> Self {
        Self::new_cyclic_in(make, Global)
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
        Self::pin_in(value, Global)
    }
}

impl<T, C: Counts, A: Allocate> Handle<T, C, A> {
    /// As [`new`](Handle::new), with memory from this allocator.
    ///
    /// Any allocator of the crate `allocator-api2` will do, with the feature of that name.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// assert_eq!(*Counted::new_in(5, Global), 5);
    /// ```
    #[inline]
    pub fn new_in(value: T, allocator: A) -> Self {
        // INVARIANT: a new box has a strong count of one.
        Self { inner: CountedBox::new(value, &allocator), allocator }
    }

    /// As [`new_cyclic`](Handle::new_cyclic), with memory from this allocator.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// let alone = Counted::new_cyclic_in(|me| me.strong_count(), Global);
    /// assert_eq!(*alone, 0);
    /// ```
    pub fn new_cyclic_in(make: impl FnOnce(&WeakHandle<T, C, A>) -> T, allocator: A) -> Self
    where
        A: Clone,
    {
        let vacant = VacantBox::<C, A>::new(Layout::new::<T>(), &allocator);
        let place = vacant.value().cast::<T>();
        let weak_box = vacant.count().downgrade(vacant.value(), &allocator).expect("a new box is not immortal");
        weak_box.strong.set(0);
        // The handle has the weak count, and so the weak box stays at least until `weak` is dropped.
        let weak = WeakHandle::with_count(Some(weak_box), place, allocator.clone());
        let value = make(&weak);
        // SAFETY: the box was allocated for a `T`, and no handle reads it while the strong count is zero.
        unsafe { place.write(value) };
        weak_box.strong.set(1);
        // SAFETY: the value was just written.
        let inner = unsafe { vacant.occupied(place) };
        // INVARIANT: the count of one is this handle's.
        Self { inner, allocator }
    }

    /// As [`pin`](Handle::pin), with memory from this allocator.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// assert_eq!(*Counted::pin_in(5, Global), 5);
    /// ```
    pub fn pin_in(value: T, allocator: A) -> Pin<Self>
    where
        A: 'static,
    {
        // INVARIANT: a new box has a strong count of one.
        let this = Self { inner: CountedBox::new(value, &allocator), allocator };
        // SAFETY: the handles reach the value only through `Pin<Counted<T>>`, which never moves it or lends it mutably
        // unless `T` is `Unpin`; the box stays where it is until the value was dropped.
        unsafe { Pin::new_unchecked(this) }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Handle<T, C, A> {
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
    pub fn downgrade(this: &Self) -> WeakHandle<T, C, A>
    where
        A: Clone,
    {
        let value = this.inner.as_ptr();
        let weak_box = this.inner.count().downgrade(value.cast(), &this.allocator);
        WeakHandle::with_count(weak_box, value, this.allocator.clone())
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

    /// The number of weak handles to the value; `usize::MAX` when it is immortal.
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

    /// The allocator that the memory is from.
    ///
    /// ```
    /// use mudlark_rc::{Counted, Global};
    ///
    /// let _: &Global = Counted::allocator(&Counted::new(5));
    /// ```
    #[inline]
    #[must_use]
    pub fn allocator(this: &Self) -> &A {
        &this.allocator
    }

    /// A handle to the value of this box, which hands its strong count over.
    #[inline]
    pub(crate) const fn from_parts(inner: CountedBox<T, C>, allocator: A) -> Self {
        // INVARIANT: by those who call this.
        Self { inner, allocator }
    }

    /// The box, with the handle's strong count, and the allocator.
    #[inline]
    pub(crate) fn into_parts(this: Self) -> (CountedBox<T, C>, A) {
        let this = mem::ManuallyDrop::new(this);
        // SAFETY: the handle is forgotten, so the count is handed over.
        let inner = unsafe { CountedBox::from_value(this.inner.as_ptr()) };
        // SAFETY: as a field of a forgotten value, it is not used again.
        (inner, unsafe { ptr::read(&raw const this.allocator) })
    }

    #[inline]
    pub(crate) fn inner_mut(this: &mut Self) -> &mut CountedBox<T, C> {
        &mut this.inner
    }

    #[inline]
    pub(crate) fn inner(this: &Self) -> &CountedBox<T, C> {
        &this.inner
    }

    /// Lets go of the only handle to a value that is not deep, and whose count is inline.
    ///
    /// # Safety
    ///
    /// It is; the handle is not used again. The allocator is that of the handle.
    #[inline(never)]
    unsafe fn release_last(inner: CountedBox<T, C>, allocator: &A) {
        inner.count().see_other_drops();
        // SAFETY: this was the only handle. There is no weak box, since the count is inline.
        unsafe { inner.drop_plain(allocator) };
    }

    /// Lets go of a handle, whatever the count is.
    ///
    /// # Safety
    ///
    /// The strong count that `inner` owns is let go, and `inner` not used again; the allocator is that of the handle.
    #[cold]
    #[inline(never)]
    unsafe fn release_slow(inner: CountedBox<T, C>, allocator: &A) {
        if inner.count().decrement() == Last::No {
            return;
        }
        let callbacks = inner.count().take_callbacks();
        // The value goes after the callbacks, also when one of them panics.
        let value = LastHandle { inner, allocator };
        drop(callbacks);
        drop(value);
    }
}

/// The last handle to a value, whose strong count is let go already. Dropping it drops the value.
struct LastHandle<'a, T: ?Sized, C: Counts, A: Allocate> {
    inner: CountedBox<T, C>,
    allocator: &'a A,
}

impl<T: ?Sized, C: Counts, A: Allocate> Drop for LastHandle<'_, T, C, A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the count is let go, as for `drop_box`.
        let inner = unsafe { CountedBox::<T, C>::from_value(self.inner.as_ptr()) };
        // SAFETY: this was the last handle, and there is nobody to use it again.
        unsafe { drop_box(inner, self.allocator) };
    }
}

impl<T: ?Sized, C: Counts, A: Allocate + Clone> Clone for Handle<T, C, A> {
    /// Another strong handle to the same value.
    #[inline]
    fn clone(&self) -> Self {
        let allocator = self.allocator.clone();
        self.inner.count().increment();
        // SAFETY: the count was just taken for the new handle.
        let inner = unsafe { CountedBox::from_value(self.inner.as_ptr()) };
        // INVARIANT: as above.
        Self { inner, allocator }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Drop for Handle<T, C, A> {
    /// Lets go of the value; the last strong handle drops it. See [*Deep drops*](crate#deep-drops) for when exactly.
    #[inline]
    fn drop(&mut self) {
        let plainly = self.inner.count().decrement_plainly();
        if plainly == Plainly::Less {
            return;
        }
        // SAFETY: the handle is being dropped, so its count is handed over.
        let inner = unsafe { CountedBox::from_value(self.inner.as_ptr()) };
        match plainly {
            Plainly::Last if !mem::needs_drop::<T>() => {
                inner.count().see_other_drops();
                // SAFETY: this was the only handle, and there is no weak box.
                unsafe { inner.drop_plain(&self.allocator) };
            }
            // SAFETY: the count says so.
            Plainly::Last => unsafe { Self::release_last(inner, &self.allocator) },
            // SAFETY: the count is let go.
            _ => unsafe { Self::release_slow(inner, &self.allocator) },
        }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Deref for Handle<T, C, A> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.value()
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> fmt::Pointer for Handle<T, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Self::as_ptr(self), f)
    }
}

/// The value does not move with its handle.
impl<T: ?Sized, C: Counts, A: Allocate> Unpin for Handle<T, C, A> {}
impl<T: RefUnwindSafe + ?Sized, C: Counts, A: Allocate + UnwindSafe> UnwindSafe for Handle<T, C, A> {}
impl<T: RefUnwindSafe + ?Sized, C: Counts, A: Allocate + RefUnwindSafe> RefUnwindSafe for Handle<T, C, A> {}

/// Handles are as thin as pointers, and leave null to `Option`.
const _: () = {
    assert!(size_of::<Counted<u8>>() == size_of::<usize>());
    assert!(size_of::<Option<Counted<u8>>>() == size_of::<usize>());
    assert!(size_of::<Counted<[u64]>>() == size_of::<Box<[u64]>>());
    assert!(size_of::<Option<Counted<dyn Any>>>() == 2 * size_of::<usize>());
};
