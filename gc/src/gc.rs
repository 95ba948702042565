//! The handle.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;

use crate::collector::Collector;
use crate::count_word::{Flags, Last};
#[cfg(feature = "std")]
use crate::current;
use crate::generation::Generation;
use crate::object::{Object, ObjectRef};
use crate::place::Place;
use crate::release;
use crate::state::{State, StateRef};
use crate::trace::Trace;
use crate::type_info::Traits;
use crate::weak_box;

/// A counted handle to an object whose cycles are collected.
///
/// It is used as an `Rc` is: clone it to share the object, and the value is dropped with the last handle. When handles
/// form a cycle, which an `Rc` never frees, a [`Collector`] finds and drops the objects that only each other keep
/// alive. There are no roots to register: a handle that is not inside a traced value is one.
///
/// A handle is one word, and so is an `Option` of it; following it costs what following a reference costs. Handles stay
/// in their thread; only a [whole collector](crate::Parcel) with all its objects may go to another.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::cell::RefCell;
/// use mudlark_gc::{Collector, Gc, Generation, Trace};
///
/// #[derive(Trace)]
/// struct Person {
///     name: String,
///     friend: RefCell<Option<Gc<Person>>>,
/// }
///
/// let ann = Gc::new(Person { name: "Ann".into(), friend: RefCell::default() });
/// let bob = Gc::new(Person { name: "Bob".into(), friend: RefCell::new(Some(ann.clone())) });
/// *ann.friend.borrow_mut() = Some(bob.clone());
/// assert_eq!(bob.friend.borrow().as_ref().unwrap().name, "Ann");
///
/// drop((ann, bob));
/// assert_eq!(Collector::current().collect(Generation::Young), 2);
/// # }
/// ```
///
/// A handle neither moves to another thread nor is shared with one, and its value borrows nothing that may go away:
///
/// ```compile_fail,E0277
/// let handle = mudlark_gc::Gc::new(1);
/// std::thread::spawn(move || drop(handle));
/// ```
/// ```compile_fail,E0277
/// let handle = mudlark_gc::Gc::new(1);
/// std::thread::scope(|scope| { scope.spawn(|| drop(handle.clone())); });
/// ```
///
/// Nor does it pass for a handle to a shorter-lived type, by which something would get into the value that its
/// collector, which knows it as what it was made, could hand out too late:
///
/// ```compile_fail,E0597
/// # use mudlark_gc::{Collector, Gc};
/// # let collector = Collector::new();
/// let text = String::from("soon gone");
/// let mut handle: Gc<&str> = Gc::new_in("for ever", &collector);
/// *Gc::get_mut(&mut handle).unwrap() = &text;
/// ```
///
/// # Invariants
///
/// `object` points to an object whose strong count includes this handle, unless the object is condemned: then its
/// value may have been dropped, and this handle is dropped without being followed. Pointed-to values are only shared.
pub struct Gc<T: ?Sized> {
    object: NonNull<Object<T>>,
    /// Owns a `T`, and can change it, so that it must not pass for a handle to another type; is neither `Send` nor `Sync`.
    owns: PhantomData<Cell<Object<T>>>,
}

// A handle is one word, with room for `None`; one to a value without a known size is as wide as a reference to it.
const _: () = assert!(size_of::<Gc<u64>>() == size_of::<usize>());
const _: () = assert!(size_of::<Option<Gc<u64>>>() == size_of::<usize>());
const _: () = assert!(size_of::<Option<Gc<[u8]>>>() == size_of::<&[u8]>());
const _: () = assert!(size_of::<Option<Gc<dyn Trace>>>() == size_of::<&dyn Trace>());

/// There was no memory for an object; the value comes back unharmed.
///
/// ```
/// use mudlark_gc::OutOfMemory;
///
/// let error = OutOfMemory("precious");
/// assert_eq!(error.to_string(), "out of memory");
/// assert_eq!(error.0, "precious");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory<T>(
    /// The value that did not fit.
    pub T,
);

impl<T> fmt::Debug for OutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutOfMemory(..)")
    }
}

impl<T> fmt::Display for OutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of memory")
    }
}

impl<T> core::error::Error for OutOfMemory<T> {}

impl<T: Trace + 'static> Gc<T> {
    /// A new object with `value` in it, watched by the thread's default collector.
    ///
    /// Amortised O(1), but it may run a collection first; see [`Gc::new_in`], whose panics it shares.
    ///
    /// ```
    /// use mudlark_gc::Gc;
    ///
    /// assert_eq!(*Gc::new(5), 5);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    #[inline]
    pub fn new(value: T) -> Self {
        match current::get() {
            // SAFETY: the thread's own collector is in being.
            Some(state) => unsafe { Self::new_in_state(value, state) },
            None => Self::new_in(value, &Collector::current()),
        }
    }

    /// A new object with `value` in it, watched by `collector`.
    ///
    /// Amortised O(1). When the collector's thresholds say so, a collection runs first.
    ///
    /// # Panics
    ///
    /// When a finalizer, a destructor or a callback does in that collection; `value` is dropped then. When memory is
    /// exhausted it ends the program as [`handle_alloc_error`] does; [`try_new_in`](Gc::try_new_in) does not.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc};
    ///
    /// let collector = Collector::new();
    /// let object = Gc::new_in([1, 2, 3], &collector);
    /// assert_eq!(object.len(), 3);
    /// ```
    #[must_use]
    #[inline]
    pub fn new_in(value: T, collector: &Collector) -> Self {
        // SAFETY: the collector keeps its state in being.
        unsafe { Self::new_in_state(value, collector.state().pointer()) }
    }

    /// # Safety
    ///
    /// `state` is in being.
    #[inline(always)]
    unsafe fn new_in_state(value: T, state: NonNull<State>) -> Self {
        // SAFETY: by this function's contract.
        match unsafe { Place::find(state) } {
            Some(place) => place.fill(value),
            None => {
                // SAFETY: by this function's contract.
                let place = unsafe { Self::place_after_collection(state) };
                place.unwrap_or_else(|| handle_alloc_error(Layout::new::<Object<T>>())).fill(value)
            }
        }
    }

    /// [`new_in`](Gc::new_in) that says when memory is exhausted.
    ///
    /// While automatic collections are enabled, a full collection is tried before that.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] with the value, when there is no memory for the object or its place in the collector.
    ///
    /// # Panics
    ///
    /// When a finalizer, a destructor or a callback does in a collection that runs first.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let object = Gc::try_new_in([0; 1_000], &collector).expect("there is memory for so little");
    /// assert_eq!(object.len(), 1_000);
    /// ```
    pub fn try_new_in(value: T, collector: &Collector) -> Result<Self, OutOfMemory<T>> {
        let state = collector.state().pointer();
        // SAFETY: the collector keeps its state in being.
        match unsafe { Self::find_place(state) } {
            Some(place) => Ok(place.fill(value)),
            None => Err(OutOfMemory(value)),
        }
    }

    /// A place, if need be after a collection.
    ///
    /// # Safety
    ///
    /// `state` is in being.
    pub(crate) unsafe fn find_place(state: NonNull<State>) -> Option<Place<T>> {
        // SAFETY: by this function's contract.
        let place = unsafe { Place::find(state) };
        // SAFETY: as above.
        place.or_else(|| unsafe { Self::place_after_collection(state) })
    }

    /// Tries again when there is no memory, after a full collection if automatic ones are enabled.
    ///
    /// # Safety
    ///
    /// `state` is in being.
    #[cold]
    #[inline(never)]
    unsafe fn place_after_collection(state: NonNull<State>) -> Option<Place<T>> {
        // SAFETY: by this function's contract.
        let collector = Collector::from_state(unsafe { StateRef::to(state) });
        if !collector.is_enabled() {
            return None;
        }
        collector.collect(Generation::Old);
        // SAFETY: `collector` keeps the state in being.
        unsafe { Place::find(state) }
    }
}

impl<T: ?Sized> Gc<T> {
    /// # Safety
    ///
    /// `object` points to a live object of which one strong count is not yet anybody's.
    #[inline]
    pub(crate) unsafe fn from_counted(object: NonNull<Object<T>>) -> Self {
        // INVARIANT: by this function's contract.
        Self { object, owns: PhantomData }
    }

    #[inline]
    pub(crate) fn pointer(&self) -> NonNull<Object<T>> {
        self.object
    }

    #[inline]
    pub(crate) fn object(&self) -> ObjectRef {
        // SAFETY: by the type's invariant the object's memory is there; the pointer reaches all of it.
        unsafe { ObjectRef::new(self.object) }
    }

    /// Whether two handles lead to the same object.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let one = Gc::new_in(1, &collector);
    /// assert!(Gc::ptr_eq(&one, &one.clone()));
    /// assert!(!Gc::ptr_eq(&one, &Gc::new_in(1, &collector)));
    /// ```
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.object() == other.object()
    }

    /// Where the value lies, as long as a handle to it lives.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        // SAFETY: the object's memory is there.
        unsafe { &raw const (*this.object.as_ptr()).value }
    }

    /// The name of the object's own type, whatever the handle says: that of [`core::any::type_name`].
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// assert_eq!(Gc::type_name(&Gc::into_dyn(Gc::new_in(1_u8, &collector))), "u8");
    /// ```
    #[must_use]
    pub fn type_name(this: &Self) -> &'static str {
        (this.object().vtable().type_name)()
    }

    /// The number of strong handles to the object, those inside other objects included.
    ///
    /// A count that reached its limit, some 33 million, stays there, and its object is never freed.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let one = Gc::new_in(1, &collector);
    /// let _other = one.clone();
    /// assert_eq!(Gc::strong_count(&one), 2);
    /// ```
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        this.object().word().count() as usize
    }

    /// The collector that watches the object.
    ///
    /// When no other handle to the collector is left, dropping this one collects everything, as ever.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let one = Gc::new_in(1, &collector);
    /// assert!(Gc::collector(&one).ptr_eq(&collector));
    /// ```
    #[must_use]
    pub fn collector(this: &Self) -> Collector {
        Collector::from_state(StateRef::of(this.object()))
    }

    /// Whether the object's finalizer has run: CPython's `gc.is_finalized`.
    #[must_use]
    pub fn is_finalized(this: &Self) -> bool {
        this.object().word().has(Flags::FINALIZED)
    }

    /// Whether the object can be part of a cycle, so that collections look at it: CPython's `gc.is_tracked`. What cannot
    /// hold a handle is, while it is a key of a [`WeakMap`](crate::WeakMap).
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc};
    /// # let collector = Collector::new();
    /// let leaf = Gc::new_in("a string".to_string(), &collector);
    /// assert!(!Gc::is_tracked(&leaf));
    /// assert!(Gc::is_tracked(&Gc::new_in(Some(leaf), &collector)));
    /// ```
    #[must_use]
    pub fn is_tracked(this: &Self) -> bool {
        this.object().traits().contains(Traits::TRACKED) || weak_box::has_attachments(this.object())
    }
}

impl<T: Trace + 'static> Gc<T> {
    /// The handle as one to a value of any type, so that handles to different types fit one collection.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Trace};
    /// # let collector = Collector::new();
    /// let both: [Gc<dyn Trace>; 2] =
    ///     [Gc::into_dyn(Gc::new_in(1, &collector)), Gc::into_dyn(Gc::new_in("two", &collector))];
    /// assert!(both[0].clone().downcast::<i32>().is_ok_and(|one| *one == 1));
    /// assert!(both[1].clone().downcast::<i32>().is_err());
    /// ```
    #[must_use]
    pub fn into_dyn(this: Self) -> Gc<dyn Trace> {
        // INVARIANT: the count moves with the pointer.
        let object = this.object().as_dyn();
        core::mem::forget(this);
        // SAFETY: the count is that of `this`.
        unsafe { Gc::from_counted(object) }
    }
}

impl Gc<dyn Trace> {
    /// Whether the object's type is `T`.
    pub(crate) fn is<T: Trace + 'static>(&self) -> bool {
        (self.object().vtable().type_id)() == core::any::TypeId::of::<T>()
    }

    /// The handle as one to a `T`.
    ///
    /// # Errors
    ///
    /// The handle itself, when the object is of another type.
    ///
    /// ```
    /// use mudlark_gc::{Collector, Gc, Generation};
    ///
    /// let collector = Collector::new();
    /// let pair = Gc::new_in((Gc::new_in(1, &collector), 2), &collector);
    /// let found = collector.objects(Generation::Young).pop().unwrap();
    /// assert!(Gc::ptr_eq(&found.downcast::<(Gc<i32>, i32)>().unwrap(), &pair));
    /// ```
    pub fn downcast<T: Trace + 'static>(self) -> Result<Gc<T>, Self> {
        if !self.is::<T>() {
            return Err(self);
        }
        // INVARIANT: the count moves with the pointer.
        let object = self.object.cast();
        core::mem::forget(self);
        // SAFETY: the type was checked, and the count is that of `self`.
        Ok(unsafe { Gc::from_counted(object) })
    }
}

impl<T: ?Sized> Clone for Gc<T> {
    /// Another handle to the same object. A few instructions.
    #[inline]
    fn clone(&self) -> Self {
        self.object().word().increment();
        // SAFETY: the count was just added.
        unsafe { Self::from_counted(self.object) }
    }
}

impl<T: ?Sized> Deref for Gc<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: by the type's invariant; no safe code can follow the handles of a condemned object.
        unsafe { &(*self.object.as_ptr()).value }
    }
}

impl<T: ?Sized> Drop for Gc<T> {
    /// Gives the handle up; with the last one the object is finalized and dropped.
    ///
    /// Chains of any length are dropped in bounded stack; without the feature `std`, as long as one collector has them
    /// all.
    ///
    /// # Panics
    ///
    /// When a finalizer, a destructor or a callback does, after everything has been dropped all the same.
    #[inline]
    fn drop(&mut self) {
        let object = self.object();
        if object.word().decrement() == Last::Yes {
            // SAFETY: that was the last handle.
            unsafe { release::release(object) };
        }
    }
}
