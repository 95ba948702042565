//! Weak handles.
//!
//! The first weak handle to an object makes its *weak box*, which outlives the object until the last weak handle goes.
//! The two find each other in one step, since the box begins with a copy of the type's info, and the object's header
//! leads there instead of to the original:
//!
//! ```text
//!   object ──info──▶ ┌──────────── weak box ────────────┐
//!     ▲              │ copy of the type's info          │
//!     └──────────────│ object │ handles │ callbacks     │ ◀── WeakGc
//!                    └──────────────────────────────────┘
//! ```

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ptr::NonNull;

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::gc::Gc;
use crate::memory::try_box;
use crate::object::{Flags, Object, ObjectRef, TypeInfo};

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
/// `weak_box`, when there is one, counts this handle. While its `object` is set, `object` here points to that same
/// object; otherwise it is not followed.
pub struct WeakGc<T: ?Sized> {
    weak_box: Option<NonNull<WeakBox>>,
    object: NonNull<Object<T>>,
    callback: Option<CallbackId>,
}

/// Names a callback within its weak box.
#[derive(Clone, Copy, PartialEq, Eq)]
struct CallbackId(u64);

struct Callback {
    id: CallbackId,
    run: Box<dyn FnOnce()>,
}

/// # Invariants
///
/// `handles` counts the weak handles and, while a collection calls callbacks, its list. The box is freed when that is
/// zero, and detached from its object before. While `object` is set, that object has [`Flags::WEAK`], and its header
/// leads to `info` here.
#[repr(C)]
pub(crate) struct WeakBox {
    /// First, so that a pointer to the box is a pointer to it.
    info: TypeInfo,
    original_info: NonNull<TypeInfo>,
    object: Cell<Option<ObjectRef>>,
    handles: Cell<usize>,
    callbacks: RefCell<Vec<Callback>>,
    next_id: Cell<u64>,
    /// The next box in a collection's list of callbacks to call.
    next: Cell<Option<WeakBoxRef>>,
}

/// A pointer to a weak box.
///
/// # Invariants
///
/// The box is not freed while this is used: its object leads to it, or a count in its `handles` covers the use.
#[derive(Clone, Copy)]
struct WeakBoxRef(NonNull<WeakBox>);

impl WeakBoxRef {
    /// The box of `object`, made when it has none, counted once more; `None` when there is no memory.
    fn of(object: ObjectRef) -> Option<Self> {
        let weak_box = if object.word().has(Flags::WEAK) { Self::existing(object) } else { Self::attach(object)? };
        weak_box.get().handles.set(weak_box.get().handles.get() + 1);
        Some(weak_box)
    }

    /// The box of an object that has one, not counted.
    fn existing(object: ObjectRef) -> Self {
        debug_assert!(object.word().has(Flags::WEAK));
        Self(object.header().info.get().cast())
    }

    /// Makes a box for `object`, not counted yet.
    fn attach(object: ObjectRef) -> Option<Self> {
        let original_info = object.header().info.get();
        let weak_box = try_box(WeakBox {
            info: *object.info(),
            original_info,
            object: Cell::new(Some(object)),
            handles: Cell::new(0),
            callbacks: RefCell::new(Vec::new()),
            next_id: Cell::new(0),
            next: Cell::new(None),
        })
        .ok()?;
        object.header().info.set(weak_box.cast());
        object.word().insert(Flags::WEAK);
        Some(Self(weak_box))
    }

    fn get(&self) -> &WeakBox {
        // SAFETY: by the type's invariant the box is not freed yet; its fields that change are cells.
        unsafe { self.0.as_ref() }
    }

    /// Gives this reference up, and the box with the last one.
    fn release(self) {
        let handles = self.get().handles.get() - 1;
        self.get().handles.set(handles);
        if handles == 0 {
            self.detach();
            // SAFETY: the box came from `try_box`, and neither a handle nor its object leads to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }

    /// Parts the box from its object, if it still has one: all its handles are dead from now on.
    fn detach(self) {
        if let Some(object) = self.get().object.take() {
            object.header().info.set(self.get().original_info);
            object.word().remove(Flags::WEAK);
        }
    }

    /// Takes the newest callback.
    fn pop_callback(&self) -> Option<Box<dyn FnOnce()>> {
        self.get().callbacks.borrow_mut().pop().map(|callback| callback.run)
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
        if !object.word().has(Flags::WEAK) {
            return;
        }
        let weak_box = WeakBoxRef::existing(object);
        weak_box.detach();
        if weak_box.get().callbacks.borrow().is_empty() {
            return;
        }
        // INVARIANT: the list's own count.
        weak_box.get().handles.set(weak_box.get().handles.get() + 1);
        match self.last.replace(weak_box) {
            Some(last) => last.get().next.set(Some(weak_box)),
            None => self.first = Some(weak_box),
        }
    }

    /// Hands each callback to `call`, of one object the newest first.
    pub(crate) fn call_each(self, mut call: impl FnMut(Box<dyn FnOnce()>)) {
        let mut next = self.first;
        while let Some(weak_box) = next {
            while let Some(callback) = weak_box.pop_callback() {
                call(callback);
            }
            next = weak_box.get().next.take();
            weak_box.release();
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
        let weak_box = WeakBoxRef::of(this.object())?;
        // INVARIANT: `of` counted the handle, and the box is this object's.
        Some(WeakGc { weak_box: Some(weak_box.0), object: this.pointer(), callback: None })
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
        if let Some(weak_box) = weak.weak_box() {
            let id = CallbackId(weak_box.get().next_id.get());
            weak_box.get().next_id.set(id.0 + 1);
            weak_box.get().callbacks.borrow_mut().push(Callback { id, run: Box::new(callback) });
            weak.callback = Some(id);
        }
        weak
    }

    /// How many weak handles there are to the object.
    #[must_use]
    pub fn weak_count(this: &Self) -> usize {
        let object = this.object();
        if object.word().has(Flags::WEAK) { WeakBoxRef::existing(object).get().handles.get() } else { 0 }
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

impl<T: ?Sized> WeakGc<T> {
    fn weak_box(&self) -> Option<WeakBoxRef> {
        // INVARIANT: this handle's count, lent.
        self.weak_box.map(WeakBoxRef)
    }

    /// The live object, if any.
    fn target(&self) -> Option<ObjectRef> {
        let object = self.weak_box()?.get().object.get()?;
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
        if let Some(weak_box) = self.weak_box() {
            weak_box.get().handles.set(weak_box.get().handles.get() + 1);
        }
        Self { weak_box: self.weak_box, object: self.object, callback: None }
    }
}

impl<T: ?Sized> Drop for WeakGc<T> {
    fn drop(&mut self) {
        let Some(weak_box) = self.weak_box() else { return };
        let cancelled = self.callback.and_then(|id| {
            let mut callbacks = weak_box.get().callbacks.borrow_mut();
            let index = callbacks.iter().position(|callback| callback.id == id)?;
            Some(callbacks.remove(index))
        });
        weak_box.release();
        // Last, since what the callback captured may run anything when it is dropped.
        drop(cancelled);
    }
}

impl<T: ?Sized> fmt::Debug for WeakGc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakGc)")
    }
}
