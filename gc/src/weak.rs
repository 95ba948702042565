//! Weak handles.
//!
//! The first weak handle to an object makes its *weak box*, which outlives the object until the last weak handle goes.
//! The two find each other in one step, since the box begins with a copy of the type's info, and the object's header
//! leads there instead of to the original:
//!
//! ```text
//!   object ──info──▶ ┌──────────── weak box ────────────┐
//!     ▲              │ copy of the type's info          │
//!     └──────────────│ object │ references │ callbacks  │ ◀── WeakGc
//!                    └──────────────────────────────────┘
//! ```

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use crate::count::Count;
use crate::count_word::Flags;
use crate::gc::Gc;
use crate::memory::try_box;
use crate::object::{Object, ObjectRef};
use crate::type_info::TypeInfo;

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
/// # Invariants
///
/// While the weak box, if there is one, has an object, `object` here points to that same object; otherwise it is not
/// followed.
pub struct WeakGc<T: ?Sized> {
    weak_box: Option<WeakBoxRef>,
    object: NonNull<Object<T>>,
    callback: Option<CallbackId>,
}

/// Names a callback within its weak box. Newer ones are greater.
type CallbackId = u64;

type Callback = Box<dyn FnOnce()>;

/// # Invariants
///
/// While `object` is set, that object has [`Flags::WEAK`], and its header leads to `info` here.
#[repr(C)]
struct WeakBox {
    /// First, so that a pointer to the box is a pointer to it.
    info: TypeInfo,
    original_info: NonNull<TypeInfo>,
    object: Cell<Option<ObjectRef>>,
    references: Count,
    callbacks: RefCell<BTreeMap<CallbackId, Callback>>,
    next_id: Cell<CallbackId>,
    /// The next box in a collection's list of callbacks to call.
    next: Cell<Option<WeakBoxRef>>,
}

/// A counted reference to a weak box. The last one parts the box from its object and frees it.
///
/// # Invariants
///
/// The box came from [`try_box`], and its `references` counts this one.
#[derive(PartialEq)]
struct WeakBoxRef(NonNull<WeakBox>);

impl WeakBoxRef {
    /// A reference to the box of `object`, which is made if it has none; `None` when there is no memory.
    fn to(object: ObjectRef) -> Option<Self> {
        Self::existing(object).or_else(|| Self::attach(object))
    }

    /// A reference to the box of `object`, if it has one.
    fn existing(object: ObjectRef) -> Option<Self> {
        if !object.word().has(Flags::WEAK) {
            return None;
        }
        let weak_box: NonNull<WeakBox> = object.header().info.get().cast();
        // SAFETY: by the box's invariant, an object with the flag leads to one that is not freed.
        unsafe { weak_box.as_ref() }.references.increment();
        // INVARIANT: just counted.
        Some(Self(weak_box))
    }

    fn attach(object: ObjectRef) -> Option<Self> {
        let original_info = object.header().info.get();
        // INVARIANT: the box counts one reference, the one returned.
        let weak_box = try_box(WeakBox {
            info: object.copy_of_info(),
            original_info,
            object: Cell::new(Some(object)),
            references: Count::new(1),
            callbacks: RefCell::new(BTreeMap::new()),
            next_id: Cell::new(0),
            next: Cell::new(None),
        })
        .ok()?;
        object.header().info.set(weak_box.cast());
        object.word().insert(Flags::WEAK);
        Some(Self(weak_box))
    }

    /// Parts the box from its object, if it still has one: all weak handles are dead from now on.
    fn detach(&self) {
        if let Some(object) = self.object.take() {
            object.header().info.set(self.original_info);
            object.word().remove(Flags::WEAK);
        }
    }

    fn add_callback(&self, callback: Callback) -> CallbackId {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.callbacks.borrow_mut().insert(id, callback);
        id
    }

    fn cancel_callback(&self, id: CallbackId) -> Option<Callback> {
        self.callbacks.borrow_mut().remove(&id)
    }

    fn take_newest_callback(&self) -> Option<Callback> {
        self.callbacks.borrow_mut().pop_last().map(|(_, callback)| callback)
    }
}

impl Deref for WeakBoxRef {
    type Target = WeakBox;

    fn deref(&self) -> &WeakBox {
        // SAFETY: by the type's invariant the box is not freed; what changes in it are cells.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for WeakBoxRef {
    fn clone(&self) -> Self {
        self.references.increment();
        // INVARIANT: just counted.
        Self(self.0)
    }
}

impl Drop for WeakBoxRef {
    fn drop(&mut self) {
        if self.references.decrement() == 0 {
            self.detach();
            // SAFETY: the box came from `try_box`, and neither a reference nor an object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// Weak boxes whose objects have just died, with callbacks still to be called, oldest death first.
///
/// Linked through the boxes, so that making the list takes no memory.
#[derive(Default)]
pub(crate) struct DeadBoxes {
    first: Option<WeakBoxRef>,
    last: Option<WeakBoxRef>,
}

impl DeadBoxes {
    /// Makes all weak handles to `object` dead, and remembers their callbacks.
    pub(crate) fn kill_handles_to(&mut self, object: ObjectRef) {
        let Some(weak_box) = WeakBoxRef::existing(object) else { return };
        weak_box.detach();
        if weak_box.callbacks.borrow().is_empty() {
            return;
        }
        match self.last.replace(weak_box.clone()) {
            Some(last) => last.next.set(Some(weak_box)),
            None => self.first = Some(weak_box),
        }
    }

    /// Hands each callback to `call`, of one object the newest first.
    pub(crate) fn call_each(self, mut call: impl FnMut(Callback)) {
        let mut next = self.first;
        while let Some(weak_box) = next {
            while let Some(callback) = weak_box.take_newest_callback() {
                call(callback);
            }
            next = weak_box.next.take();
        }
    }
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
        Some(WeakGc { weak_box: Some(weak_box), object: this.pointer(), callback: None })
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
        Self { weak_box: None, object: NonNull::dangling(), callback: None }
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
        Some(Self { weak_box: Some(weak_box), object, callback: None })
    }
}

impl<T: ?Sized> WeakGc<T> {
    /// The live object, if any.
    fn target(&self) -> Option<ObjectRef> {
        let object = self.weak_box.as_ref()?.object.get()?;
        // An object whose last strong handle has gone may wait to be destroyed.
        (object.word().count() > 0).then_some(object)
    }

    /// A strong handle, or `None` when the object is dead.
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
        Self { weak_box: self.weak_box.clone(), object: self.object, callback: None }
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
