//! One collection, step by step. No policy: which generation, and when, is [`thresholds`](crate::thresholds)'.
//!
//! The steps and their order are those of CPython's `gc_collect_main`.

use crate::candidates;
use crate::count_word::{Flags, Last};
use crate::debug::DebugFlags;
use crate::generation::Generation;
use crate::introspect;
use crate::object::{CONDEMNED, ObjectRef, is_garbage};
use crate::owner::Owner;
use crate::partition::{Members, Split};
use crate::release::{drop_value, finalize_once, release};
use crate::segment::SegmentRef;
use crate::state::State;
use crate::steps::{Moment, Step};
use crate::type_info::Traits;
use crate::weak_box::DeadBoxes;

/// What a collection came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Objects that could have been garbage, and were looked at.
    pub(crate) looked_at: usize,
    /// Objects that moved on to the next generation, before finalizers ran.
    pub(crate) survivors: usize,
    /// Objects that were destroyed.
    pub(crate) collected: usize,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thoroughness {
    /// All objects.
    Full,
    /// Only what [candidates](crate::candidates) lead to.
    Candidates,
    /// Nothing: all objects move on.
    Unseen,
}

/// Collects `generation` and all younger ones.
pub(crate) fn run(state: &State, generation: Generation, thoroughness: Thoroughness) -> Outcome {
    state.generations.take_set(generation);
    let set = &state.generations.set;
    let outcome = match thoroughness {
        Thoroughness::Full if generation == Generation::Old => {
            collect_members(state, Members::Everything { edges_stay: state.is_all_in_set() })
        }
        Thoroughness::Full => collect_members(state, Members::All),
        Thoroughness::Candidates => match candidates::worth_a_look(set) {
            Some(members) => collect_members(state, members),
            None => Outcome { looked_at: 0, survivors: set.live(), collected: 0 },
        },
        Thoroughness::Unseen => Outcome { looked_at: 0, survivors: set.live(), collected: 0 },
    };
    state.generations.close_set();
    outcome
}

/// Collects members of the set.
pub(crate) fn collect_members(state: &State, members: Members) -> Outcome {
    let objects = state.generations.set.live();
    let split = split_set(state, members);
    let collected = match split {
        Split { garbage: 0, .. } => 0,
        Split { unmarked: true, .. } if split.is_only_memory() && state.debug.get().is_empty() => free_set(state),
        _ => destroy_garbage(state, split),
    };
    if split.garbage > 0 {
        state.at(Moment::Ends(Step::Destroy, collected));
    }
    Outcome { looked_at: split.reachable + split.garbage, survivors: objects - split.garbage, collected }
}

/// Splits the set, which is two steps.
fn split_set(state: &State, members: Members) -> Split {
    let clock = state.steps.are_observed().then_some(&state.clock);
    let split = state.generations.split_set(members, Owner::of_objects_of(state), clock);
    if let Some(clock) = clock {
        state.at(Moment::Ended(Step::Count, split.reachable + split.garbage, split.counted));
        state.at(Moment::Ended(Step::Spread, split.reachable, clock.read_in_the_middle()));
    }
    split
}

/// Destroys the garbage that is not resurrected, and says how many objects that were.
fn destroy_garbage(state: &State, found: Split) -> usize {
    if found.unmarked {
        mark_set(state);
    }
    let mut garbage = found;
    let mut freed = 0;
    let prints = state.debug.get().contains(DebugFlags::COLLECTABLE);
    if found.weak || prints || found.present.contains(Traits::FINALIZER) {
        let_be(state);
        if found.weak {
            freed += kill_weak_handles(state);
            state.at(Moment::Ends(Step::KillWeak, found.garbage));
        }
        if prints {
            for_each_garbage(state, |object| state.print_collectable(object));
        }
        if found.present.contains(Traits::FINALIZER) {
            run_finalizers(state);
            state.at(Moment::Ends(Step::Finalize, found.garbage));
        }
        garbage = split_set(state, Members::Garbage);
        // Finalizers may have made new ones.
        let freed_early = kill_weak_handles(state);
        freed += freed_early;
        garbage.garbage -= freed_early;
    }
    if state.debug.get().contains(DebugFlags::SAVE_ALL) && save_all(state, garbage.garbage) {
        return freed + garbage.garbage;
    }
    if !(garbage.closed && garbage.common.contains(Traits::BARE)) {
        condemn(state);
        drop_values(state, garbage.closed);
    }
    free_memory(state);
    freed + garbage.garbage
}

/// Makes all garbage reachable again, from the list of garbage; says no when there is no memory for that.
fn save_all(state: &State, garbage: usize) -> bool {
    let mut saved = state.garbage.borrow_mut();
    if saved.try_reserve(garbage).is_err() {
        return false;
    }
    for_each_garbage(state, |object| {
        object.word().remove(Flags::TENTATIVE | Flags::COLLECTING);
        saved.push(introspect::handle_to(object));
    });
    true
}

/// Calls `visit` with each object of the set that is garbage, in order.
///
/// Nothing is borrowed meanwhile: objects may be freed and others may be made.
fn for_each_garbage(state: &State, mut visit: impl FnMut(ObjectRef)) {
    for segment in state.generations.set.segments().filter(|segment| segment.has_members.get()) {
        segment.for_each(|_, object| {
            if is_garbage(object) {
                visit(object);
            }
        });
    }
}

/// From now on the garbage is part of no partition, as code outside may have others look at it.
fn let_be(state: &State) {
    for_each_garbage(state, |object| object.word().remove(Flags::COLLECTING));
}

/// All weak handles to garbage die before any of their callbacks is called. Says how much garbage was freed at once, as it
/// had been held by no more than what weak maps had for other garbage.
fn kill_weak_handles(state: &State) -> usize {
    let mut dead = DeadBoxes::default();
    for_each_garbage(state, |object| dead.kill_handles_to(object));
    let keys = dead.call_callbacks(&state.work.panics);
    if keys.is_empty() {
        return 0;
    }
    let before = count_garbage(state);
    keys.drop_attachments(&state.work.panics);
    before - count_garbage(state)
}

fn count_garbage(state: &State) -> usize {
    let mut garbage = 0;
    for_each_garbage(state, |_| garbage += 1);
    garbage
}

fn run_finalizers(state: &State) {
    for_each_garbage(state, |object| {
        if object.traits().contains(Traits::FINALIZER) {
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

/// From now on it means nothing when the count of one of these objects comes to zero.
///
/// All handles to them are inside them: no code outside can follow one, and their own drop glue does not.
fn condemn(state: &State) {
    for_each_garbage(state, |object| object.slot().set(CONDEMNED));
}

/// Drops the values; of `closed` garbage only those that lose more than handles into the garbage itself.
fn drop_values(state: &State, closed: bool) {
    for_each_garbage(state, |object| {
        if !(closed && object.traits().contains(Traits::BARE)) {
            // SAFETY: the value is intact; condemned objects are reached by nothing but each other.
            unsafe { drop_value(state, object) };
        }
    });
}

/// Marks the whole set as garbage.
fn mark_set(state: &State) {
    state.generations.set.for_each(|slot, object| {
        object.slot().set(slot);
        object.word().insert(Flags::TENTATIVE);
    });
}

/// Gives all memory of the set back, whose values have nothing else to lose, and says how many objects that were.
fn free_set(state: &State) -> usize {
    let mut freed = 0;
    for segment in state.generations.set.segments() {
        freed += segment.live() as usize;
        segment.remove_each(|object| {
            // SAFETY: the value is bare and part of closed garbage; its entry is about to be a hole.
            unsafe { object.free() };
            true
        });
    }
    state.thresholds.count_deallocations(freed);
    freed
}

fn free_memory(state: &State) {
    let mut freed = 0;
    for segment in state.generations.set.segments().filter(|segment| segment.has_members.get()) {
        freed += free_garbage_in(segment);
    }
    state.thresholds.count_deallocations(freed);
}

fn free_garbage_in(segment: SegmentRef) -> usize {
    let mut freed = 0;
    segment.remove_each(|object| {
        if !is_garbage(object) {
            return false;
        }
        // SAFETY: the value was dropped, or is bare and part of closed garbage; its entry is about to be a hole.
        unsafe { object.free() };
        freed += 1;
        true
    });
    freed
}
