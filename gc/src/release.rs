//! What happens when an object's last strong handle goes: CPython's `subtype_dealloc`.
//!
//! The object is finalized, which may resurrect it; its weak handles die; its value is dropped; its memory is freed.
//! Dropping a value may take the last handle to other objects, so this nests. Beyond a few levels objects are
//! postponed until the outermost call is about to return, as CPython's trashcan does, so that a chain of any length
//! takes bounded stack.

use core::cell::{Cell, RefCell};

use alloc::vec::Vec;

use crate::object::{Flags, Last, ObjectRef};
use crate::state::{State, StateRef};
use crate::weak::DeadBoxes;

/// How deep releases may nest: CPython's limit, which fits a small stack and keeps the order of finalizers its own.
const MAX_NESTING: u32 = 50;

/// Releases under way in one collector.
#[derive(Default)]
pub(crate) struct Releases {
    nesting: Cell<u32>,
    /// Untracked objects without strong handles, to be destroyed.
    postponed: RefCell<Vec<ObjectRef>>,
}

impl Releases {
    pub(crate) fn are_under_way(&self) -> bool {
        self.nesting.get() > 0
    }

    /// Puts `object` off, unless there is no need or no memory for it.
    fn postpone(&self, object: ObjectRef) -> bool {
        let mut postponed = self.postponed.borrow_mut();
        let postpone = self.nesting.get() >= MAX_NESTING && postponed.try_reserve(1).is_ok();
        if postpone {
            postponed.push(object);
        }
        postpone
    }

    fn pop_postponed(&self) -> Option<ObjectRef> {
        self.postponed.borrow_mut().pop()
    }
}

/// Destroys an object, now or soon, unless its finalizer resurrects it.
///
/// # Safety
///
/// Its last strong handle has just been given up.
#[cold]
pub(crate) unsafe fn release(object: ObjectRef) {
    if object.word().has(Flags::CONDEMNED) {
        return;
    }
    let state = StateRef::of(object);
    state.generations.borrow_mut().remove(object);
    if state.releases.postpone(object) {
        return;
    }
    // SAFETY: nothing but this call leads to the object.
    unsafe { destroy_nested(&state, object) };
    if !state.releases.are_under_way() {
        while let Some(object) = state.releases.pop_postponed() {
            // SAFETY: postponed objects are led to by nothing but their list, from which it was just taken.
            unsafe { destroy_nested(&state, object) };
        }
    }
    state.resume_panic();
}

/// # Safety
///
/// As [`destroy`]'s.
unsafe fn destroy_nested(state: &State, object: ObjectRef) {
    let nesting = &state.releases.nesting;
    nesting.set(nesting.get() + 1);
    // SAFETY: by this function's contract.
    unsafe { destroy(state, object) };
    nesting.set(nesting.get() - 1);
}

/// # Safety
///
/// `object` has no strong handle, is untracked, and is known to nobody else.
unsafe fn destroy(state: &State, object: ObjectRef) {
    if survives_its_finalizer(state, object) {
        return;
    }
    let mut dead = DeadBoxes::default();
    dead.kill_handles_to(object);
    dead.call_each(|callback| state.panics.catch(callback));
    // SAFETY: the value is intact, and neither strong nor weak handles lead to it.
    state.panics.catch(|| unsafe { object.drop_value() });
    // SAFETY: the value was dropped.
    unsafe { state.free(object) };
}

/// Runs the finalizer if there is one and it has not run, and says whether the object lives on.
///
/// Meanwhile the object is held by one count of its own and is young again, as in CPython, where it stays if it is
/// resurrected.
fn survives_its_finalizer(state: &State, object: ObjectRef) -> bool {
    if object.info().finalize.is_none() || object.word().has(Flags::FINALIZED) {
        return false;
    }
    object.word().increment();
    let tracked = object.info().tracked && state.generations.borrow_mut().reserve().is_ok();
    if tracked {
        state.generations.borrow_mut().push(object);
    }
    finalize_once(state, object);
    if object.word().decrement() == Last::No {
        return true;
    }
    state.generations.borrow_mut().remove(object);
    false
}

/// Runs the finalizer of an object with a strong count of at least one, unless it has none or it has run.
pub(crate) fn finalize_once(state: &State, object: ObjectRef) {
    if let Some(finalize) = object.info().finalize
        && !object.word().has(Flags::FINALIZED)
    {
        object.word().insert(Flags::FINALIZED);
        // SAFETY: the object is alive, and the finalizer is that of its type.
        state.panics.catch(|| unsafe { finalize(object) });
    }
}
