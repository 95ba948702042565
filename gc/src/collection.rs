//! One collection, step by step. No policy: which generation, and when, is [`thresholds`](crate::thresholds)'.
//!
//! The steps and their order are those of CPython's `gc_collect_main`.

use crate::generation::Generation;
use crate::object::{Flags, Last, ObjectRef};
use crate::release::{finalize_once, release};
use crate::state::State;
use crate::weak::DeadBoxes;

/// What a collection came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Objects that moved on to the next generation, before finalizers ran.
    pub(crate) survivors: usize,
    /// Objects that were destroyed.
    pub(crate) collected: usize,
}

/// Collects `generation` and all younger ones.
pub(crate) fn run(state: &State, generation: Generation) -> Outcome {
    let split = state.generations.borrow_mut().isolate_garbage(generation);
    let collected = if split.garbage > 0 { destroy_garbage(state) } else { 0 };
    Outcome { survivors: split.reachable, collected }
}

/// Destroys what is in limbo and is not resurrected, and says how many objects that were.
fn destroy_garbage(state: &State) -> usize {
    kill_weak_handles(state);
    run_finalizers(state);
    let garbage = state.generations.borrow_mut().rescue_resurrected().garbage;
    condemn(state);
    // Finalizers may have made new ones.
    kill_weak_handles(state);
    drop_values(state);
    free_memory(state);
    state.generations.borrow_mut().close_limbo();
    garbage
}

/// Calls `visit` with each object in limbo, in order.
///
/// Nothing is borrowed meanwhile: objects may leave limbo and others may be made.
fn for_each_in_limbo(state: &State, mut visit: impl FnMut(ObjectRef)) {
    let mut index = 0;
    loop {
        let entry = state.generations.borrow().limbo().get(index).copied();
        match entry {
            None => break,
            Some(None) => {}
            Some(Some(object)) => visit(object),
        }
        index += 1;
    }
}

/// All weak handles to garbage die before any of their callbacks is called.
fn kill_weak_handles(state: &State) {
    let mut dead = DeadBoxes::default();
    for_each_in_limbo(state, |object| dead.kill_handles_to(object));
    dead.call_each(|callback| state.work.panics.catch(callback));
}

fn run_finalizers(state: &State) {
    for_each_in_limbo(state, |object| {
        if object.info().finalize.is_some() {
            // The finalizer may break the cycle that keeps its own object alive.
            object.word().increment();
            finalize_once(state, object);
            if object.word().decrement() == Last::Yes {
                // SAFETY: that was the last strong count.
                unsafe { release(object) };
            }
        }
    });
}

/// From now on it means nothing when a count in limbo comes to zero.
///
/// All handles to these objects are inside them: no code outside can follow one, and their own drop glue does not.
fn condemn(state: &State) {
    for_each_in_limbo(state, |object| object.word().insert(Flags::CONDEMNED));
}

fn drop_values(state: &State) {
    for_each_in_limbo(state, |object| {
        // SAFETY: the value is intact; condemned objects are reached by nothing but each other.
        state.work.panics.catch(|| unsafe { object.drop_value() });
    });
}

fn free_memory(state: &State) {
    for_each_in_limbo(state, |object| {
        state.generations.borrow_mut().remove(object);
        // SAFETY: the value was dropped, and its place in limbo is empty now.
        unsafe { state.free(object) };
    });
}
