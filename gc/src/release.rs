//! What happens when an object's last strong handle goes: CPython's `subtype_dealloc`.
//!
//! The object is finalized, which may resurrect it; its weak handles die; its value is dropped; its memory is freed.
//! Dropping a value may take the last handle to other objects, so this nests. Beyond a few levels objects are
//! postponed until the outermost call is about to return, as CPython's trashcan does, so that a chain of any length
//! takes bounded stack.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::count_word::{Flags, Last};
use crate::object::{Object, ObjectRef, SLOT_LIMIT};
use crate::state::{State, StateRef};
use crate::trace::Trace;
use crate::type_info::{self, Traits};
use crate::weak_box::{self, DeadBoxes};

/// Destroys an object, now or soon, unless its finalizer resurrects it.
///
/// # Safety
///
/// Its last strong handle has just been given up.
#[inline(never)]
pub(crate) unsafe fn release(object: ObjectRef) {
    let pointer = object.state();
    // SAFETY: a state that is not referred to is freed by `settle`, and by that of other releases only when it has no
    // object; this one's memory is given back by `destroy`.
    let state = unsafe { pointer.as_ref() };
    let is_plain = object.slot().get() < SLOT_LIMIT && !object.word().has(Flags::WEAK);
    if !is_plain || object.traits().contains(Traits::FINALIZER) || state.work.is_deep() {
        // SAFETY: by this function's contract.
        return unsafe { release_with_care(pointer, object) };
    }
    state.generations.remove_tracked(object);
    state.thresholds.count_deallocations(1);
    // SAFETY: the value is intact, nothing leads to the object, and the state is its own.
    unsafe { object.destroy(pointer) };
}

/// The rest of [`release`], by the object's type: it is the last that is done there, so that a chain takes fewer calls inside each
/// other, of which the processor remembers only some.
///
/// # Safety
///
/// The object's type is `T`; its value has not been dropped, neither a handle nor a weak box nor an entry leads to it, and it is one
/// of the state's.
pub(crate) unsafe fn destroy_value<T: Trace>(object: ObjectRef, pointer: NonNull<State>) {
    // SAFETY: as in `release`.
    let state = unsafe { pointer.as_ref() };
    let entered = state.work.enter_release();
    // To drop a bare value is to give up handles, which cannot panic inside of a release.
    if T::is_bare() {
        // SAFETY: by this function's contract.
        unsafe { type_info::drop_value::<T>(object) };
    } else {
        // SAFETY: by this function's contract.
        state.work.panics.catch(|| unsafe { type_info::drop_value::<T>(object) });
    }
    // SAFETY: the value was dropped, and nothing leads to the object.
    unsafe { object.free_as(Layout::new::<Object<T>>()) };
    drop(entered);
    if needs_settling(state) {
        settle(pointer);
    }
}

/// [`release`] of an object that is condemned or untracked, or has a weak box or a finalizer, or lies too deep.
///
/// # Safety
///
/// As [`release`]'s; the object is one of `state`.
#[inline(never)]
unsafe fn release_with_care(pointer: NonNull<State>, object: ObjectRef) {
    if object.is_condemned() {
        return;
    }
    // SAFETY: as in `release`.
    let state = unsafe { pointer.as_ref() };
    state.generations.remove(object);
    if state.work.is_deep() && state.work.postpone(object) {
        return;
    }
    // SAFETY: nothing but this call leads to the object.
    unsafe { destroy_nested(state, object) };
    if needs_settling(state) {
        settle(pointer);
    }
}

#[inline]
fn needs_settling(state: &State) -> bool {
    state.is_abandoned() || state.work.wants_attention()
}

/// What is seldom left to do after a release. The state may be gone then: so there is no reference to it across the call.
#[cold]
fn settle(state: NonNull<State>) {
    // SAFETY: the state is in being: it is freed only when a reference goes, of which this is one more.
    let state = unsafe { StateRef::to(state) };
    if !state.work.is_releasing() {
        destroy_postponed(&state);
    }
    state.work.resume_panic();
}

fn destroy_postponed(state: &State) {
    while let Some(object) = state.work.pop_postponed() {
        // It may be another collector's, whose last object it may be.
        let state = StateRef::of(object);
        // SAFETY: postponed objects are led to by nothing but their list, from which it was just taken.
        unsafe { destroy_nested(&state, object) };
    }
}

/// # Safety
///
/// As [`destroy`]'s.
#[inline]
unsafe fn destroy_nested(state: &State, object: ObjectRef) {
    let _entered = state.work.enter_release();
    // SAFETY: by this function's contract.
    unsafe { destroy(state, object) };
}

/// # Safety
///
/// `object` has no strong handle, is untracked, and is known to nobody else.
#[inline]
unsafe fn destroy(state: &State, object: ObjectRef) {
    let traits = object.traits();
    if traits.contains(Traits::FINALIZER) && survives_its_finalizer(state, object) {
        return;
    }
    if object.word().has(Flags::WEAK) {
        kill_weak_handles(state, object);
    }
    if traits.contains(Traits::TRACKED) {
        state.thresholds.count_deallocations(1);
    }
    // SAFETY: the value is intact, and nothing leads to the object.
    unsafe { drop_value(state, object) };
    // SAFETY: the value was dropped.
    unsafe { object.free() };
}

/// Drops an object's value; if that panics, the panic is put off.
///
/// # Safety
///
/// As [`ObjectRef::drop_value`]'s.
#[inline]
pub(crate) unsafe fn drop_value(state: &State, object: ObjectRef) {
    if object.traits().contains(Traits::BARE) {
        // To drop it is to give up handles, of which none is the outermost.
        // SAFETY: by this function's contract.
        unsafe { object.drop_value() };
    } else {
        // SAFETY: by this function's contract.
        state.work.panics.catch(|| unsafe { object.drop_value() });
    }
}

/// Makes all weak handles to the object dead, calls their callbacks, and drops what weak maps have for it.
#[cold]
pub(crate) fn kill_weak_handles(state: &State, object: ObjectRef) {
    let mut dead = DeadBoxes::default();
    dead.kill_handles_to(object);
    dead.call_callbacks(&state.work.panics).drop_attachments(&state.work.panics);
}

/// Runs the finalizer, which there is, if it has not run, and says whether the object lives on.
///
/// Meanwhile the object is held by one count of its own and is young again, as in CPython, where it stays if it is
/// resurrected.
#[cold]
fn survives_its_finalizer(state: &State, object: ObjectRef) -> bool {
    if object.word().has(Flags::FINALIZED) {
        return false;
    }
    // It may be garbage of a running collection, which then is no longer the one to destroy it.
    object.word().remove(Flags::TENTATIVE);
    object.word().increment();
    if (object.traits().contains(Traits::TRACKED) || weak_box::has_attachments(object))
        && let Some(segment) = state.generations.reserve()
    {
        segment.push(object);
    }
    finalize_once(state, object);
    if object.word().decrement() == Last::No {
        return true;
    }
    state.generations.remove(object);
    false
}

/// Runs the finalizer of an object with a strong count of at least one, unless it has none or it has run.
pub(crate) fn finalize_once(state: &State, object: ObjectRef) {
    if object.traits().contains(Traits::FINALIZER) && !object.word().has(Flags::FINALIZED) {
        object.word().insert(Flags::FINALIZED);
        let finalize = object.vtable().finalize;
        // SAFETY: the object is alive, and the finalizer is that of its type.
        state.work.panics.catch(|| unsafe { finalize(object) });
    }
}
