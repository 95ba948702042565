//! [`WeakHandle`]: a handle that does not keep the value alive, as [`Weak`] on one thread and as [`SyncWeak`] on many.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};

use crate::allocate::{Allocate, Global};
use crate::counted::Handle;
use crate::counted_box::CountedBox;
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
use crate::counts::Atomic;
use crate::counts::{Counts, Local};
use crate::weak_box::{WeakBox, WeakBoxRef};
use crate::wide_pointer::with_metadata_of;

/// A weak handle for one thread. See [`WeakHandle`] for what it can do.
///
/// ```
/// use mudlark_rc::{Counted, Weak};
///
/// let strong = Counted::new(5);
/// let weak: Weak<i32> = Counted::downgrade(&strong);
/// assert_eq!(weak.upgrade(), Some(strong));
/// ```
pub type Weak<T, A = Global> = WeakHandle<T, Local, A>;

/// A weak handle that may cross threads. See [`WeakHandle`] for what it can do.
///
/// ```
/// use mudlark_rc::SyncCounted;
///
/// let strong = SyncCounted::new(5);
/// let weak = SyncCounted::downgrade(&strong);
/// std::thread::spawn(move || assert_eq!(weak.upgrade().as_deref(), Some(&5))).join().unwrap();
/// ```
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
pub type SyncWeak<T, A = Global> = WeakHandle<T, Atomic, A>;

/// A weak handle: it knows a value without keeping it alive, and can be upgraded to a strong one while it is.
///
/// It is what [`Weak`] (for one thread) and `SyncWeak` (for many) are names of; `C` is how they count.
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
/// The pointer is one of these, by its address; the rest of it is of the kind that pointers to the value have.
///
/// - That of a live weak box, with its provenance; the handle owns one of its weak counts. It is even.
/// - That of an immortal value, plus one.
/// - `usize::MAX`: there is no value.
///
/// The box and the weak box are from `allocator`, or a clone of it.
pub struct WeakHandle<T: ?Sized, C: Counts, A: Allocate = Global> {
    pointer: NonNull<T>,
    allocator: A,
    counts: PhantomData<C>,
}

// SAFETY: the counts are atomic; upgraded, it lends the value, and may drop it.
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
unsafe impl<T: Send + Sync + ?Sized, A: Allocate + Send> Send for SyncWeak<T, A> {}
// SAFETY: as above.
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
unsafe impl<T: Send + Sync + ?Sized, A: Allocate + Sync> Sync for SyncWeak<T, A> {}

/// Where a weak handle leads.
enum Target<C: Counts> {
    WeakBox(WeakBoxRef<C>),
    Immortal(NonNull<u8>),
    Nothing,
}

const NOWHERE: usize = usize::MAX;

impl<T, C: Counts> WeakHandle<T, C> {
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
        Self::new_in(Global)
    }
}

impl<T, C: Counts, A: Allocate> WeakHandle<T, C, A> {
    /// As [`new`](WeakHandle::new), for a box from this allocator.
    ///
    /// ```
    /// use mudlark_rc::{Global, Weak};
    ///
    /// assert!(Weak::<u64>::new_in(Global).upgrade().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new_in(allocator: A) -> Self {
        let pointer = NonNull::new(ptr::without_provenance_mut(NOWHERE)).expect("the largest address is not null");
        // INVARIANT: there is no value.
        Self { pointer, allocator, counts: PhantomData }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> WeakHandle<T, C, A> {
    /// The handle that owns this weak count of the weak box of the value at `value`; `None` is for an immortal value.
    #[inline]
    pub(crate) fn with_count(weak_box: Option<WeakBoxRef<C>>, value: NonNull<T>, allocator: A) -> Self {
        let place = match weak_box {
            Some(weak_box) => weak_box.as_ptr().cast(),
            None => value.cast::<u8>().map_addr(|address| address | 1),
        };
        // INVARIANT: the address is that of the weak box, or one after the value, which has the alignment of a word.
        let pointer = with_metadata_of(place, value);
        Self { pointer, allocator, counts: PhantomData }
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
    pub fn upgrade(&self) -> Option<Handle<T, C, A>>
    where
        A: Clone,
    {
        let place = match self.target() {
            Target::WeakBox(weak_box) => weak_box.strong.increment_unless_zero().then(|| weak_box.value())?,
            Target::Immortal(place) => place,
            Target::Nothing => return None,
        };
        let value = with_metadata_of(place, self.pointer);
        // SAFETY: while the strong count is not zero, the value is there; the count was just taken. An immortal value is
        // always there.
        let inner = unsafe { CountedBox::from_value(value) };
        Some(Handle::from_parts(inner, self.allocator.clone()))
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
        match self.target() {
            Target::WeakBox(weak_box) => weak_box.strong.get(),
            Target::Immortal(_) => usize::MAX,
            Target::Nothing => 0,
        }
    }

    /// The number of weak handles to the value, zero when it is gone; `usize::MAX` when it is immortal.
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
        match self.target() {
            Target::WeakBox(weak_box) if weak_box.strong.get() > 0 => weak_box.weak_handles(),
            Target::Immortal(_) => usize::MAX,
            Target::WeakBox(_) | Target::Nothing => 0,
        }
    }

    /// Whether both are weak handles to the very same value, or both to none (made by [`new`](WeakHandle::new)).
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

    /// The allocator that the memory is from.
    ///
    /// ```
    /// use mudlark_rc::{Global, Weak};
    ///
    /// let _: &Global = Weak::<u8>::new().allocator();
    /// ```
    #[inline]
    #[must_use]
    pub fn allocator(&self) -> &A {
        &self.allocator
    }

    /// Where the value is, or was when it is gone, or will be; some address that is not null for a handle made by
    /// [`new`](WeakHandle::new).
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
        let place = match self.target() {
            Target::WeakBox(weak_box) => weak_box.value(),
            Target::Immortal(place) => place,
            Target::Nothing => return self.pointer.as_ptr(),
        };
        with_metadata_of(place, self.pointer).as_ptr()
    }

    /// The handle as its own pointer, for [`from_own_pointer`](Self::from_own_pointer).
    #[inline]
    pub(crate) fn into_own_pointer(self) -> (NonNull<T>, A) {
        let this = ManuallyDrop::new(self);
        // SAFETY: as a field of a forgotten value, it is not used again.
        (this.pointer, unsafe { ptr::read(&raw const this.allocator) })
    }

    /// The handle that was this pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from [`into_own_pointer`](Self::into_own_pointer) of a handle to the same value, and was coerced at
    /// most. It is turned back once, with the same allocator.
    #[inline]
    pub(crate) unsafe fn from_own_pointer(pointer: NonNull<T>, allocator: A) -> Self {
        // INVARIANT: the weak count of the handle that it was is this one's now.
        Self { pointer, allocator, counts: PhantomData }
    }

    #[inline]
    fn target(&self) -> Target<C> {
        match self.pointer.addr().get() {
            NOWHERE => Target::Nothing,
            odd if odd & 1 != 0 => Target::Immortal(without_mark(self.pointer.cast::<u8>())),
            // SAFETY: by the invariant, there is a live weak box at this address, as long as the handle is not dropped.
            _ => Target::WeakBox(unsafe { WeakBoxRef::from_ptr(self.pointer.cast::<WeakBox<C>>()) }),
        }
    }

    /// The weak box, if there is one.
    #[inline]
    pub(crate) fn weak_box(&self) -> Option<WeakBoxRef<C>> {
        match self.target() {
            Target::WeakBox(weak_box) => Some(weak_box),
            Target::Immortal(_) | Target::Nothing => None,
        }
    }
}

/// The place of an immortal value, of which the handle has the address plus one.
#[inline]
fn without_mark(pointer: NonNull<u8>) -> NonNull<u8> {
    pointer.map_addr(|address| core::num::NonZero::new(address.get() & !1).unwrap_or(address))
}

impl<T: ?Sized, C: Counts, A: Allocate + Clone> Clone for WeakHandle<T, C, A> {
    /// Another weak handle to the same value.
    #[inline]
    fn clone(&self) -> Self {
        let allocator = self.allocator.clone();
        if let Some(weak_box) = self.weak_box() {
            weak_box.retain();
        }
        // INVARIANT: the count, if there is a box, was just taken.
        Self { pointer: self.pointer, allocator, counts: PhantomData }
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Drop for WeakHandle<T, C, A> {
    #[inline]
    fn drop(&mut self) {
        if let Some(weak_box) = self.weak_box() {
            // SAFETY: by the invariant, the handle owned one weak count, and the allocator is the box's.
            unsafe { weak_box.release(&self.allocator) };
        }
    }
}

impl<T, C: Counts> Default for WeakHandle<T, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> fmt::Debug for WeakHandle<T, C, A> {
    /// Writes `(Weak)`: the value may be part of a cycle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}

/// The value does not move with its handle.
impl<T: ?Sized, C: Counts, A: Allocate> Unpin for WeakHandle<T, C, A> {}
impl<T: RefUnwindSafe + ?Sized, C: Counts, A: Allocate + UnwindSafe> UnwindSafe for WeakHandle<T, C, A> {}
impl<T: RefUnwindSafe + ?Sized, C: Counts, A: Allocate + RefUnwindSafe> RefUnwindSafe for WeakHandle<T, C, A> {}

const _: () = {
    assert!(size_of::<Option<Weak<u8>>>() == size_of::<usize>());
    assert!(size_of::<Option<Weak<[u8]>>>() == 2 * size_of::<usize>());
};
