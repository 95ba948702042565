//! Weak handles, by way of the object's [weak box](crate::weak_box).

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;

use crate::gc::Gc;
use crate::object::{Object, ObjectRef};
use crate::weak_box::{CallbackId, WeakBox, WeakBoxRef};

/// A handle that does not keep its object alive.
///
/// It is dead from the moment that its object is found to be garbage, before any finalizer of a collection runs, and
/// stays so even if one resurrects the object: CPython's `weakref.ref`. When an object dies because its last strong
/// handle is dropped, its own finalizer still finds its weak handles alive.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use mudlark_gc::Gc;
///
/// let strong = Gc::new(5);
/// let weak = Gc::downgrade(&strong);
/// assert_eq!(weak.upgrade().as_deref(), Some(&5));
/// drop(strong);
/// assert!(weak.upgrade().is_none());
/// # }
/// ```
///
/// Like a [`Gc`] it is one to a single type, however close another may be:
///
/// ```compile_fail,E0308
/// # use mudlark_gc::WeakGc;
/// let any: WeakGc<&'static dyn for<'a> Fn(&'a str)> = WeakGc::new();
/// let long_lived: WeakGc<&'static dyn Fn(&'static str)> = any;
/// ```
///
/// # Invariants
///
/// While the weak box, if there is one, has an object, `object` here points to that same object; otherwise it is not
/// followed.
pub struct WeakGc<T: ?Sized> {
    weak_box: Option<WeakBoxRef>,
    object: NonNull<Object<T>>,
    callback: Option<CallbackId>,
    /// It becomes a handle that must not pass for one to another type.
    leads_to: PhantomData<Cell<T>>,
}

impl<T: ?Sized> Gc<T> {
    /// A weak handle to the object. O(1); the first one to an object allocates.
    ///
    /// # Panics
    ///
    /// Does not; when memory is exhausted it ends the program as [`handle_alloc_error`] does.
    /// [`try_downgrade`](Gc::try_downgrade) does not.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use mudlark_gc::Gc;
    ///
    /// let strong = Gc::new("tide".to_string());
    /// let weak = Gc::downgrade(&strong);
    /// assert_eq!(Gc::weak_count(&strong), 1);
    /// assert!(Gc::ptr_eq(&weak.upgrade().unwrap(), &strong));
    /// # }
    /// ```
    #[must_use]
    pub fn downgrade(this: &Self) -> WeakGc<T> {
        Self::try_downgrade(this).unwrap_or_else(|| handle_alloc_error(Layout::new::<WeakBox>()))
    }

    /// [`downgrade`](Gc::downgrade), or `None` when there is no memory for the weak box.
    #[must_use]
    pub fn try_downgrade(this: &Self) -> Option<WeakGc<T>> {
        let weak_box = WeakBoxRef::to(this.object())?;
        // INVARIANT: the box is this object's.
        Some(WeakGc { weak_box: Some(weak_box), object: this.pointer(), callback: None, leads_to: PhantomData })
    }

    /// A weak handle that calls `callback` once when its object dies, as the second argument of CPython's
    /// `weakref.ref` does.
    ///
    /// Weak handles are dead when it is called. Of several callbacks to one object the newest is called first.
    /// Dropping the handle, not a clone of it, cancels the callback. If it panics, so does, in the end, the collection
    /// or the drop that called it.
    ///
    /// Unlike CPython's, a callback is called even when its weak handle is itself part of the garbage.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use std::{cell::Cell, rc::Rc};
    /// use mudlark_gc::Gc;
    ///
    /// let strong = Gc::new(1);
    /// let called = Rc::new(Cell::new(false));
    /// let on_death = { let called = Rc::clone(&called); move || called.set(true) };
    /// let _weak = Gc::downgrade_with_callback(&strong, on_death);
    /// drop(strong);
    /// assert!(called.get());
    /// # }
    /// ```
    #[must_use = "dropping the handle cancels the callback"]
    pub fn downgrade_with_callback(this: &Self, callback: impl FnOnce() + 'static) -> WeakGc<T> {
        let mut weak = Self::downgrade(this);
        weak.callback = weak.weak_box.as_ref().map(|weak_box| weak_box.add_callback(Box::new(callback)));
        weak
    }

    /// How many weak handles there are to the object.
    #[must_use]
    pub fn weak_count(this: &Self) -> usize {
        // One reference is the look itself.
        WeakBoxRef::existing(this.object()).map_or(0, |weak_box| weak_box.references.get() - 1)
    }
}

impl<T> WeakGc<T> {
    /// A weak handle to nothing, which never upgrades. Does not allocate.
    ///
    /// ```
    /// # use mudlark_gc::WeakGc;
    /// assert!(WeakGc::<u8>::new().upgrade().is_none());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        // INVARIANT: without a box the object is not followed.
        Self { weak_box: None, object: NonNull::dangling(), callback: None, leads_to: PhantomData }
    }
}

impl<T> Default for WeakGc<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> WeakGc<T> {
    /// A weak handle to an object whose strong count is still zero, so that it does not upgrade; `None` when there is no
    /// memory.
    ///
    /// # Safety
    ///
    /// The object has a header; weak handles to it are killed before it is freed.
    pub(crate) unsafe fn to_unborn(object: NonNull<Object<T>>) -> Option<Self> {
        // SAFETY: while the count is zero, nobody looks at the value.
        let weak_box = WeakBoxRef::to(unsafe { ObjectRef::new(object) })?;
        // INVARIANT: the box is this object's.
        Some(Self { weak_box: Some(weak_box), object, callback: None, leads_to: PhantomData })
    }
}

impl<T: ?Sized> WeakGc<T> {
    /// The box, if there ever was an object.
    pub(crate) fn weak_box(&self) -> Option<&WeakBoxRef> {
        self.weak_box.as_ref()
    }

    /// Whether there is an object, dying or not.
    pub(crate) fn is_attached(&self) -> bool {
        self.weak_box.as_ref().is_some_and(|weak_box| weak_box.object.get().is_some())
    }

    /// The live object, if any.
    fn target(&self) -> Option<ObjectRef> {
        let object = self.weak_box.as_ref()?.object.get()?;
        // An object whose last strong handle has gone may wait to be destroyed.
        (object.word().count() > 0).then_some(object)
    }

    /// A strong handle, or `None` when the object is dead.
    ///
    /// ```
    /// # use mudlark_gc::{Collector, Gc, Generation};
    /// # let collector = Collector::new();
    /// let strong = Gc::new_in(1, &collector);
    /// let weak = Gc::downgrade(&strong);
    /// assert_eq!(weak.upgrade().as_deref(), Some(&1));
    /// drop(strong);
    /// assert_eq!(weak.upgrade(), None);
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Gc<T>> {
        let object = self.target()?;
        object.word().increment();
        // SAFETY: the object is alive, so by the type's invariant `self.object` points to it; the handle was counted.
        Some(unsafe { Gc::from_counted(self.object) })
    }

    /// The number of strong handles to the object; zero when it is dead.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.target().map_or(0, |object| object.word().count() as usize)
    }

    /// Whether both lead to the same object, or both to none that was ever there.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.weak_box == other.weak_box
    }
}

impl<T: ?Sized> Clone for WeakGc<T> {
    /// Another handle to the same object, without the callback.
    fn clone(&self) -> Self {
        Self { weak_box: self.weak_box.clone(), object: self.object, callback: None, leads_to: PhantomData }
    }
}

impl<T: ?Sized> Drop for WeakGc<T> {
    fn drop(&mut self) {
        if let (Some(weak_box), Some(id)) = (&self.weak_box, self.callback) {
            let cancelled = weak_box.cancel_callback(id);
            // Nothing is borrowed: what the callback captured may run anything when it is dropped.
            drop(cancelled);
        }
    }
}

impl<T: ?Sized> fmt::Debug for WeakGc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakGc)")
    }
}
