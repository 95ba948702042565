//! Which objects of a set are garbage: the heart of a collection.
//!
//! An object's *external count* is its strong count less the edges that lead to it from within the set. What has one
//! above zero is held from outside, and so is all that it reaches; the rest only hold each other.
//!
//! The steps are CPython's `deduce_unreachable` (`gc.c`: `update_refs`, `subtract_refs`, `move_unreachable`), down to
//! the order in which survivors come out, since finalizers later run in that order. CPython moves objects between
//! lists; here they stay in one slice and are permuted once, at the end. Nothing is allocated: everything that has to
//! be remembered fits the objects' own headers.

use core::cell::Cell;
use core::mem;
use core::ops::Range;

use crate::object::{Flags, NO_SLOT, ObjectRef};
use crate::trace::Tracer;

/// A place in the generations' vector; `None` is a hole that a freed object left.
pub(crate) type Entry = Option<ObjectRef>;

/// The end of a queue that is linked through slots.
const END: u32 = NO_SLOT;

/// How a set was split: reachable objects first, garbage behind them, then holes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) reachable: usize,
    pub(crate) garbage: usize,
}

/// Sorts the entries in `range` of `entries` into reachable objects, garbage and holes, each object knowing its slot.
///
/// When a `trace` panics, every object is left in its old place.
pub(crate) fn partition(entries: &mut [Entry], range: Range<usize>) -> Split {
    let base = range.start;
    let mut set = CollectionSet { entries: &mut entries[range], base };
    set.copy_counts();
    set.subtract_internal_edges();
    let reached = set.spread_reachability();
    let split = set.assign_places(&reached);
    set.permute();
    // Every slot is right: there is nothing to put back.
    mem::forget(set);
    split
}

/// The objects under collection.
///
/// # Invariants
///
/// Until `assign_places` runs, no object has moved: dropping the set puts every slot and flag back as it was.
struct CollectionSet<'a> {
    entries: &'a mut [Entry],
    base: usize,
}

impl CollectionSet<'_> {
    fn objects(&self) -> impl Iterator<Item = (usize, ObjectRef)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| entry.map(|object| (index, object)))
    }

    /// The external counts begin as the strong counts.
    fn copy_counts(&self) {
        for (_, object) in self.objects() {
            object.word().insert(Flags::COLLECTING);
            object.slot().set(if object.word().is_immortal() { u32::MAX } else { object.word().count() });
        }
    }

    fn subtract_internal_edges(&self) {
        for (_, object) in self.objects() {
            object.trace(&mut Tracer::subtract(object));
        }
    }

    /// Follows the edges of everything that is held from outside.
    ///
    /// One pass in order; objects that it passes over as tentative garbage, and only then finds to be reachable, are
    /// queued and followed after it.
    fn spread_reachability(&self) -> Reached {
        let reached = Reached::default();
        for (index, object) in self.objects() {
            let index = index_to_slot(index);
            if object.slot().replace(index) == 0 {
                object.word().insert(Flags::TENTATIVE);
            } else {
                object.word().remove(Flags::COLLECTING);
                object.trace(&mut Tracer::spread(&reached));
            }
        }
        let mut next = reached.first.get();
        while let Some(object) = self.queued(next) {
            object.trace(&mut Tracer::spread(&reached));
            next = object.slot().get();
        }
        reached
    }

    fn queued(&self, index: u32) -> Entry {
        if index == END { None } else { self.entries[index as usize] }
    }

    /// Tells each object its new slot: first what was found reachable in order, then the queue, then the garbage.
    fn assign_places(&self, reached: &Reached) -> Split {
        let mut place = self.base;
        let mut assign = |object: ObjectRef| {
            object.slot().set(index_to_slot(place));
            place += 1;
        };
        for (index, object) in self.objects() {
            // Tentative ones have their own index in the slot too; queued ones have another's.
            if object.slot().get() == index_to_slot(index) && !object.word().has(Flags::TENTATIVE) {
                assign(object);
            }
        }
        let mut next = reached.first.get();
        while let Some(object) = self.queued(next) {
            next = object.slot().get();
            assign(object);
        }
        let mut garbage = 0;
        for (_, object) in self.objects() {
            if object.word().has(Flags::TENTATIVE) {
                object.word().remove(Flags::TENTATIVE | Flags::COLLECTING);
                assign(object);
                garbage += 1;
            }
        }
        Split { reachable: place - self.base - garbage, garbage }
    }

    /// Moves each object to its slot, following the cycles of the permutation.
    fn permute(&mut self) {
        for index in 0..self.entries.len() {
            while let Some(object) = self.entries[index] {
                let place = object.slot().get() as usize - self.base;
                if place == index {
                    break;
                }
                self.entries.swap(index, place);
            }
        }
    }
}

impl Drop for CollectionSet<'_> {
    fn drop(&mut self) {
        for (index, object) in self.objects() {
            object.slot().set(index_to_slot(self.base + index));
            object.word().remove(Flags::COLLECTING | Flags::TENTATIVE);
        }
    }
}

/// The queue of objects that looked like garbage until an edge from a reachable object led to them.
///
/// It is linked by index through the slots of its members.
pub(crate) struct Reached {
    first: Cell<u32>,
    last: Cell<Entry>,
}

impl Default for Reached {
    fn default() -> Self {
        Self { first: Cell::new(END), last: Cell::new(None) }
    }
}

impl Reached {
    /// Something reachable has an edge to `target`.
    #[inline]
    pub(crate) fn reach(&self, target: ObjectRef) {
        if !target.word().has(Flags::COLLECTING) {
            // Outside the set, or known to be reachable.
        } else if target.word().has(Flags::TENTATIVE) {
            target.word().remove(Flags::TENTATIVE | Flags::COLLECTING);
            self.append(target);
        } else if target.slot().get() == 0 {
            // Not passed yet: it counts as held from outside when its turn comes.
            target.slot().set(1);
        }
    }

    fn append(&self, object: ObjectRef) {
        let index = object.slot().replace(END);
        match self.last.replace(Some(object)) {
            Some(last) => last.slot().set(index),
            None => self.first.set(index),
        }
    }
}

/// Takes one edge from `target`'s external count when it is in the set.
#[inline]
pub(crate) fn subtract_edge(source: ObjectRef, target: ObjectRef) {
    if target.word().has(Flags::COLLECTING) && !target.word().is_immortal() {
        let external = target.slot().get();
        debug_assert!(external > 0, "Trace for {source:?} reports more edges to {target:?} than there are handles");
        target.slot().set(external.saturating_sub(1));
    }
}

/// An index of the generations' vector as a slot; the vector never grows beyond what a slot can say.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the vector refuses to grow beyond NO_SLOT entries")]
pub(crate) fn index_to_slot(index: usize) -> u32 {
    debug_assert!(index < NO_SLOT as usize);
    index as u32
}
