//! What the collectors of one thread have under way.
//!
//! Dropping an object of one collector may drop one of another, so depth, postponed work and panics are the thread's.

use core::cell::{Cell, RefCell};

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::catch::Panics;
use crate::object::ObjectRef;

/// How deep releases may nest: CPython's limit, which fits a small stack and keeps the order of finalizers its own.
const MAX_DEPTH: u32 = 50;

/// Releases and collections under way, and what they have put off.
#[derive(Default)]
pub(crate) struct Work {
    /// Releases inside each other.
    depth: Cell<u32>,
    /// Collections inside each other: one a collector at most.
    collections: Cell<u32>,
    /// Untracked objects without strong handles, to be destroyed before the outermost release returns.
    postponed: RefCell<Vec<ObjectRef>>,
    /// Whether there are any.
    any_postponed: Cell<bool>,
    pub(crate) panics: Panics,
}

impl Work {
    /// This thread's. Without `std` there is no telling threads apart: each collector has its own then, and chains of
    /// objects of many collectors take stack in proportion to their number.
    pub(crate) fn of_this_thread() -> Rc<Self> {
        #[cfg(feature = "std")]
        return this_thread::work();
        #[cfg(not(feature = "std"))]
        Rc::default()
    }

    /// Whether there is one collector in this thread, as far as can be told.
    pub(crate) fn is_of_one_collector(self: &Rc<Self>) -> bool {
        #[cfg(feature = "std")]
        return Rc::strong_count(self) == 1 && this_thread::is_shared(self);
        #[cfg(not(feature = "std"))]
        false
    }

    /// A release begins; it ends with the value.
    #[inline]
    pub(crate) fn enter_release(&self) -> Entered<'_> {
        Entered::new(&self.depth)
    }

    /// A collection begins; it ends with the value.
    pub(crate) fn enter_collection(&self) -> Entered<'_> {
        Entered::new(&self.collections)
    }

    #[inline]
    pub(crate) fn is_releasing(&self) -> bool {
        self.depth.get() > 0
    }

    /// Whether another release would nest too deep.
    #[inline]
    pub(crate) fn is_deep(&self) -> bool {
        self.depth.get() >= MAX_DEPTH
    }

    /// Puts `object` off, unless there is no memory for it.
    #[cold]
    pub(crate) fn postpone(&self, object: ObjectRef) -> bool {
        let mut postponed = self.postponed.borrow_mut();
        let postpone = postponed.try_reserve(1).is_ok();
        if postpone {
            postponed.push(object);
            self.any_postponed.set(true);
        }
        postpone
    }

    pub(crate) fn pop_postponed(&self) -> Option<ObjectRef> {
        let mut postponed = self.postponed.borrow_mut();
        let object = postponed.pop();
        self.any_postponed.set(!postponed.is_empty());
        object
    }

    /// Whether the outermost release has something to see to.
    #[inline]
    pub(crate) fn wants_attention(&self) -> bool {
        (self.any_postponed.get() || self.panics.any()) && !self.is_releasing()
    }

    /// Lets a panic that was put off go on, at the end of the outermost collection or release.
    pub(crate) fn resume_panic(&self) {
        if !self.is_releasing() && self.collections.get() == 0 {
            self.panics.resume();
        }
    }
}

#[cfg(feature = "std")]
mod this_thread {
    use core::cell::Cell;
    use core::mem::ManuallyDrop;
    use core::ptr;

    use alloc::rc::{Rc, Weak};

    use super::Work;

    std::thread_local! {
        /// What the thread's collectors share. It has no destructor, and so is there as long as the thread: destructors
        /// of other thread-local values may make collectors, which must not have one each. As panics are put off only
        /// while something is under way, one could get out of a collector at work by way of another.
        static WORK: ManuallyDrop<Cell<Weak<Work>>> = const { ManuallyDrop::new(Cell::new(Weak::new())) };
    }

    /// That of the thread's other collectors; if there are none, new.
    pub(super) fn work() -> Rc<Work> {
        let shared = WORK.try_with(|kept| {
            let work = kept.take().upgrade().unwrap_or_default();
            kept.set(Rc::downgrade(&work));
            work
        });
        shared.unwrap_or_default()
    }

    /// Whether it is what all of the thread's collectors share.
    pub(super) fn is_shared(work: &Work) -> bool {
        let shared = WORK.try_with(|kept| {
            let shared = kept.take();
            let is_shared = ptr::eq(shared.as_ptr(), work);
            kept.set(shared);
            is_shared
        });
        shared.unwrap_or(false)
    }

    impl Drop for Work {
        /// Leaves nothing behind in the thread.
        fn drop(&mut self) {
            // Without it there is nothing to be left behind.
            let _ = WORK.try_with(|kept| {
                let work = kept.take();
                if !ptr::eq(work.as_ptr(), self) {
                    kept.set(work);
                }
            });
        }
    }
}

/// One more of something is under way, until this is dropped.
pub(crate) struct Entered<'a>(&'a Cell<u32>);

impl<'a> Entered<'a> {
    #[inline]
    fn new(count: &'a Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
