//! The first step of a search: candidates that lead to little are settled at once.
//!
//! Most cycles are small. The *closure* of a candidate, all that it leads to whatever its age, is then soon listed, and as
//! nothing else can hold an edge into garbage in it, it is handed over to be [collected](crate::collection) right away.
//! Its objects are fetched once, not once in each step of the rest of the search, which is for candidates that lead far.
//!
//! To follow one that leads far is wasted, so it is tried only as long as others made up for it.

use core::cell::{Cell, RefCell};
use core::mem;

use alloc::vec::Vec;

use super::edge_buffer::EdgeBuffer;
use super::{FAR_AHEAD, SEGMENT_COST, prefetch};
use crate::count_word::Flags;
use crate::generations::Generations;
use crate::object::{ObjectRef, SLOT_LIMIT};
use crate::owner::Owner;
use crate::segment::{Home, SegmentRef, Use};
use crate::trace::Tracer;
use crate::type_info::Traits;

/// Objects of the largest closure that is little.
const LITTLE: usize = 2_000;
/// Entries that are fetched at a time, of the next segment.
const ENTRIES_FETCHED: u32 = 8;
/// Candidates that are followed together, so that more is fetched at a time.
const TOGETHER: usize = 32;
/// So many objects may be followed in vain at most, however many were not.
const MOST_CREDIT: usize = 16 * LITTLE;

/// The candidates of the old generation, one after the other.
///
/// # Invariants
///
/// `next` and `last` are segments of the old generation, used by the search.
pub(super) struct Closures {
    next: Option<SegmentRef>,
    /// The entry of `next` to be looked at next.
    index: u32,
    last: Option<SegmentRef>,
    members: RefCell<Vec<ObjectRef>>,
    owner: Owner,
    any_frozen: bool,
    /// How many candidates are followed together now.
    together: usize,
    /// Objects that may still be followed in vain.
    credit: usize,
    /// Candidates were left for the rest of the search.
    any_left: bool,
}

/// What some closures came to.
pub(super) enum Closed {
    /// What they lead to is the set now.
    Set,
    /// Nothing is to be collected.
    Nothing,
    /// There are no candidates any more.
    Over,
}

impl Closures {
    /// All candidates of the old generation as it is now; `None` when there is no memory for the step.
    pub(super) fn start(generations: &Generations, owner: Owner) -> Option<Self> {
        let mut members = Vec::new();
        members.try_reserve_exact(LITTLE).ok()?;
        let (next, last) = generations.ends_of_old();
        next.into_iter().chain(last).for_each(|segment| segment.used_by.set(Use::Search));
        Some(Self {
            next,
            index: 0,
            last,
            members: RefCell::new(members),
            owner,
            any_frozen: generations.live(Home::Frozen) > 0,
            together: TOGETHER,
            credit: 2 * LITTLE,
            any_left: false,
        })
    }

    /// Whether candidates are left for the rest of the search.
    pub(super) fn any_left(&self) -> bool {
        self.any_left
    }

    /// Looks at what the next candidates lead to, and says what it cost, too.
    pub(super) fn close_some(&mut self, generations: &Generations) -> (Closed, usize) {
        let Some(segment) = self.next else { return (Closed::Over, 0) };
        let members = mem::take(&mut self.members);
        let (owner, any_frozen) = (self.owner, self.any_frozen);
        let closure = Closure { members: &members, generations, owner, any_frozen, leads_far: Cell::new(false) };
        let candidates = self.admit_candidates(segment, &closure);
        let followed = closure.follow();
        let closed = if closure.leads_far.get() {
            self.credit = self.credit.saturating_sub(followed);
            self.together = 1;
            self.any_left = true;
            Closed::Nothing
        } else if candidates > 0 {
            self.credit = (self.credit + closure.make_set()).min(MOST_CREDIT);
            self.together = (self.together * 2).min(TOGETHER);
            Closed::Set
        } else {
            Closed::Nothing
        };
        drop(closure);
        self.members = members;
        if self.index < segment.len() {
            return (closed, followed + 1);
        }
        self.go_to_next_segment(segment, generations);
        (closed, followed + SEGMENT_COST)
    }

    /// Admits the next candidates of a segment, but not too many, and says how many.
    fn admit_candidates(&mut self, segment: SegmentRef, closure: &Closure<'_>) -> usize {
        let after = closure.generations.old_segment_after(segment);
        let mut candidates = 0;
        while self.index < segment.len() && candidates < self.together {
            fetch_ahead(segment, after, self.index);
            if let Some(object) = segment.entry(self.index)
                && object.word().has(Flags::CANDIDATE)
            {
                if self.credit >= LITTLE {
                    closure.edge(object);
                    candidates += 1;
                } else {
                    self.any_left = true;
                }
            }
            self.index += 1;
        }
        candidates
    }

    fn go_to_next_segment(&mut self, segment: SegmentRef, generations: &Generations) {
        self.index = 0;
        self.next = if self.last == Some(segment) { None } else { generations.old_segment_after(segment) };
        match self.next {
            Some(next) => next.used_by.set(Use::Search),
            None => self.last = None,
        }
        generations.release(segment);
    }

    /// Leaves the old generation alone.
    pub(super) fn end(&mut self, generations: &Generations) {
        let (next, last) = (self.next.take(), self.last.take());
        next.inspect(|&next| generations.release(next));
        last.filter(|_| last != next).inspect(|&last| generations.release(last));
    }
}

/// Has what will soon be looked at fetched: an object of the segment, and entries of the one after it.
#[inline]
fn fetch_ahead(segment: SegmentRef, after: Option<SegmentRef>, index: u32) {
    prefetch(segment, index + FAR_AHEAD, |_| true);
    if index.is_multiple_of(ENTRIES_FETCHED) {
        after.inspect(|after| after.prefetch_entry(index));
    }
}

/// What some candidates lead to, as far as it is known: all of it has [`Flags::COLLECTING`].
struct Closure<'a> {
    members: &'a RefCell<Vec<ObjectRef>>,
    generations: &'a Generations,
    owner: Owner,
    any_frozen: bool,
    leads_far: Cell<bool>,
}

impl Closure<'_> {
    /// Something in the closure has an edge to `target`, so it is in it, too, if it can be collected.
    #[inline]
    fn edge(&self, target: ObjectRef) {
        let is_tracked = target.slot().get() < SLOT_LIMIT;
        if target.word().has(Flags::COLLECTING) || !is_tracked || !self.owner.owns(target) {
            return;
        }
        if self.any_frozen && self.generations.home_of(target) == Some(Home::Frozen) {
            return;
        }
        // The rest of a search has finalizers run and callbacks called in the order of age.
        let is_plain = !target.word().has(Flags::WEAK) && !target.traits().contains(Traits::FINALIZER);
        let mut members = self.members.borrow_mut();
        if is_plain && members.len() < LITTLE {
            target.word().insert(Flags::COLLECTING);
            members.push(target);
        } else {
            self.leads_far.set(true);
        }
    }

    /// Follows the members, and those that come of it; says how many.
    fn follow(&self) -> usize {
        let buffer = EdgeBuffer::new(|_, target| self.edge(target));
        let mut tracer = Tracer::buffer(&buffer);
        let mut followed = 0;
        while !self.leads_far.get() {
            let next = self.members.borrow().get(followed).copied();
            if let Some(object) = next {
                object.trace(&mut tracer);
                followed += 1;
            } else if !buffer.flush() {
                break;
            }
        }
        followed
    }

    /// Makes the members the set, candidates no longer, and says how many they are. Where there is no memory for all of
    /// them, they stay candidates.
    fn make_set(&self) -> usize {
        let mut members = self.members.borrow_mut();
        let mut is_whole = true;
        for object in members.iter() {
            object.word().remove(Flags::COLLECTING);
            is_whole &= self.generations.add_to_set(*object);
        }
        if is_whole {
            members.iter().for_each(|object| object.word().remove(Flags::CANDIDATE));
        }
        let objects = members.len();
        members.clear();
        objects
    }
}

impl Drop for Closure<'_> {
    fn drop(&mut self) {
        let mut members = self.members.borrow_mut();
        members.iter().for_each(|object| object.word().remove(Flags::COLLECTING));
        members.clear();
    }
}
