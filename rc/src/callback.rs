//! Weak callbacks: what is to be done when a value is gone, for those who only know it weakly.
//!
//! They are a list that hangs on the weak box, newest first. When the last strong handle goes, the list is taken off and
//! called, once.
//!
//! ```text
//!   weak box ──▶ newest ──▶ … ──▶ oldest
//! ```

use alloc::boxed::Box;
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::allocate::Allocate;
use crate::counted::Handle;
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
use crate::counted::SyncCounted;
use crate::counts::{Counts, Local, PointerCell};
use crate::weak::WeakHandle;

/// One callback, and those that were there before it.
pub(crate) struct Callback {
    call: Box<dyn FnOnce()>,
    older: *mut Callback,
}

/// The callbacks of a weak box.
///
/// # Invariants
///
/// The pointer is null or came from `Box::into_raw`, and belongs to this cell; but it may be lent out for something else by
/// `set_link`, while there are no callbacks.
pub(crate) struct Callbacks<C: Counts>(C::Pointer<Callback>);

impl<C: Counts> Callbacks<C> {
    pub(crate) fn none() -> Self {
        Self(C::Pointer::new(ptr::null_mut()))
    }

    /// Puts a callback before the others.
    fn push(&self, call: Box<dyn FnOnce()>) -> CallbackId {
        let mut first = self.0.load(Relaxed);
        let new = Box::into_raw(Box::new(Callback { call, older: first }));
        // Release: whoever takes the list sees the callback.
        while let Err(other) = self.0.exchange(first, new, Release) {
            first = other;
            // SAFETY: no one else knows of it yet.
            unsafe { (*new).older = first };
        }
        CallbackId(new)
    }

    /// Takes all callbacks off. Only who has let the last strong handle go does this, so nobody adds any meanwhile.
    #[inline]
    pub(crate) fn take(&self) -> CallbackList {
        // Acquire: it pairs with the Release in `push`.
        let first = self.0.load(Acquire);
        if !first.is_null() {
            self.0.store(ptr::null_mut(), Relaxed);
        }
        CallbackList(first)
    }

    /// Keeps any pointer where the callbacks were, after they were taken: see [`CountWord::set_link`].
    ///
    /// [`CountWord::set_link`]: crate::count::CountWord::set_link
    #[cfg(any(feature = "std", feature = "drop-context"))]
    pub(crate) fn set_link(&self, link: *mut u8) {
        self.0.store(link.cast(), Relaxed);
    }

    /// Takes the pointer that is kept here.
    #[cfg(any(feature = "std", feature = "drop-context"))]
    pub(crate) fn take_link(&self) -> *mut u8 {
        let link = self.0.load(Relaxed).cast();
        self.0.store(ptr::null_mut(), Relaxed);
        link
    }
}

impl Callbacks<Local> {
    /// Takes a callback off, without calling it, if it is there. It takes the time of passing those that are newer.
    fn remove(&self, id: CallbackId) -> Option<Box<dyn FnOnce()>> {
        let mut newer = ptr::null_mut::<Callback>();
        let mut callback = self.0.load(Relaxed);
        while !callback.is_null() {
            // SAFETY: by the invariant. It is on the list, which belongs to this cell and is on this thread only.
            let older = unsafe { (*callback).older };
            if callback == id.0 {
                match newer.is_null() {
                    true => self.0.store(older, Relaxed),
                    // SAFETY: as above.
                    false => unsafe { (*newer).older = older },
                }
                // SAFETY: it came from `Box::into_raw`, and is off the list.
                return Some(unsafe { Box::from_raw(callback) }.call);
            }
            newer = callback;
            callback = older;
        }
        None
    }
}

/// A callback that was added, by its address: only to be compared, since it may be gone.
#[derive(Clone, Copy)]
pub(crate) struct CallbackId(*mut Callback);

/// Callbacks that were taken off their weak box. Dropping the list calls them, newest first, also when one panics.
///
/// # Invariants
///
/// The pointer is null or came from `Box::into_raw`, and belongs to this list alone.
#[must_use = "dropping it calls them"]
pub(crate) struct CallbackList(*mut Callback);

impl CallbackList {
    pub(crate) const fn none() -> Self {
        Self(ptr::null_mut())
    }

    fn pop(&mut self) -> Option<Box<dyn FnOnce()>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: by the invariant.
        let first = unsafe { Box::from_raw(self.0) };
        // INVARIANT: the rest came from `Box::into_raw`, too, and only the first one led there.
        self.0 = first.older;
        Some(first.call)
    }
}

impl Drop for CallbackList {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_null() {
            return;
        }
        while let Some(call) = self.pop() {
            // INVARIANT: the rest is moved to where it is called if this one panics.
            let rest = Self(core::mem::replace(&mut self.0, ptr::null_mut()));
            call();
            self.0 = core::mem::ManuallyDrop::new(rest).0;
        }
    }
}

impl<T: ?Sized, A: Allocate + Clone> Handle<T, Local, A> {
    /// A weak handle, and something to do when the value is gone for weak handles: when its last strong handle is dropped
    /// (before the value itself), or the value is moved out.
    ///
    /// Each callback is called once, the newest first, and finds all weak handles dead. It is called whether or not the weak
    /// handle still is there; never, if the value is immortal. When one panics, the others are called all the same, and the
    /// value is dropped. It runs inside the drop of the last handle; what it drops or makes is no different from elsewhere.
    ///
    /// These are the callbacks of CPython's `weakref.ref`.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// let strong = Counted::new(5);
    /// let weak = Counted::downgrade_with_callback(&strong, || println!("gone"));
    /// drop(strong); // prints "gone"
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade_with_callback(this: &Self, callback: impl FnOnce() + 'static) -> WeakHandle<T, Local, A> {
        downgrade_with_callback(this, Box::new(callback)).0
    }
}

#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
impl<T: ?Sized, A: Allocate + Clone> SyncCounted<T, A> {
    /// As [`Counted::downgrade_with_callback`](crate::Counted::downgrade_with_callback). The callback is called on the thread
    /// that drops the last handle.
    ///
    /// ```
    /// use mudlark_rc::SyncCounted;
    ///
    /// let strong = SyncCounted::new(5);
    /// let weak = SyncCounted::downgrade_with_callback(&strong, || println!("gone"));
    /// drop(strong); // prints "gone"
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade_with_callback(
        this: &Self,
        callback: impl FnOnce() + Send + 'static,
    ) -> WeakHandle<T, crate::Atomic, A> {
        downgrade_with_callback(this, Box::new(callback)).0
    }
}

impl<T: ?Sized> WeakHandle<T, Local> {
    /// Takes back a callback of the value that was not called yet.
    pub(crate) fn remove_callback(&self, id: CallbackId) {
        // When no strong handle is left, the list is no longer in the weak box, and the place is used for something else.
        if let Some(weak_box) = self.weak_box().filter(|weak_box| weak_box.strong.get() > 0) {
            drop(weak_box.callbacks.remove(id));
        }
    }
}

/// A weak handle, and the callback that was added; `None` if the value is immortal.
pub(crate) fn downgrade_with_callback<T: ?Sized, C: Counts, A: Allocate + Clone>(
    handle: &Handle<T, C, A>,
    callback: Box<dyn FnOnce()>,
) -> (WeakHandle<T, C, A>, Option<CallbackId>) {
    let weak = Handle::downgrade(handle);
    // The strong handle keeps the callbacks from being taken while one is added.
    let id = weak.weak_box().map(|weak_box| weak_box.callbacks.push(callback));
    (weak, id)
}
