//! The search for old garbage: a collection of the old generation in slices.
//!
//! To look at all old objects at once would be a long pause. But that a set of objects is garbage can be told from the set
//! alone: [its members' counts are the edges inside it](crate::partition). So however stale the search is that found it,
//! the check is exact, and only the check and the destruction have to happen in one go. They cost what the garbage costs,
//! and the garbage comes in pieces.
//!
//! The search looks at the old generation as it was at its start. Between two slices the program goes on:
//!
//! 1. *List* the segments, and the [candidates](crate::candidates) in them, which are none from now on.
//! 2. *Count.* The edges of what candidates lead to, the *members*, are counted in an array beside the objects: each
//!    one's [mark](marks) is a tally.
//! 3. *Spread.* An object whose strong count is not its tally is held from elsewhere, so it is reached, and so is what it
//!    leads to. The rest are *suspects*. What was garbage at the start has not changed since, as nobody can: it is among
//!    them.
//! 4. *Gather* the suspects, and *join* those that lead to each other to [components](components).
//! 5. *Destroy.* Some components at a time are made the set of a [collection](crate::collection), which keeps what is not
//!    garbage after all.
//!
//! A component is never split: a single large one is a pause in proportion to its size.
//!
//! # Why no candidate is lost
//!
//! A cycle of garbage has a member that became a candidate when the last handle from outside went. If that was before the
//! member was listed, it is known to this search. It is found if all of the cycle was there when the search began. If not,
//! one of its members is younger than the search, and has an edge to an old one or is a candidate itself: so when the
//! listing is over, all that younger objects lead to [become candidates](Search::admit_newcomers) for the next search. If
//! the member became a candidate after it was listed, it still is one for the next search. And a search that does not come
//! to its end makes the next one look at everything.

use crate::count_word::Flags;
use crate::generations::Generations;
use crate::object::ObjectRef;
use crate::segment::{CAPACITY, SegmentRef, Use};
use crate::trace::Tracer;

use components::Components;
use edge_buffer::EdgeBuffer;
use marks::Marks;
use stack::Stack;

use alloc::vec::Vec;

mod components;
pub(crate) mod edge_buffer;
mod marks;
mod stack;

/// Objects that are made one set, if no component among them is larger.
const BATCH: usize = 400;
/// What it costs to pass over a segment, in objects followed.
const SEGMENT_COST: usize = 16;
/// What it costs to destroy an object, in objects followed.
const DESTRUCTION_COST: usize = 3;
/// If one in so many objects is a candidate, all are looked at, in order.
const MANY: usize = 3;
/// How many entries ahead objects are fetched.
const AHEAD: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    List,
    /// Of what candidates lead to.
    Count,
    /// Of everything.
    CountAll,
    Spread,
    Gather,
    Join,
    Destroy,
    /// What the search has allocated is freed, and segments are given back to the old generation.
    Release,
}

/// What a slice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to do.
    Slice,
    /// The set has components that may be garbage.
    Suspects,
    /// The search is over.
    Over,
}

/// A running search.
///
/// # Invariants
///
/// The segments, `next` and `last` are in the old generation, and used by [`Use::Search`]. An object's *place* is the
/// index of its segment times [`CAPACITY`] and its own in that.
pub(crate) struct Search {
    segments: Vec<SegmentRef>,
    marks: Marks,
    components: Components,
    phase: Phase,
    /// The next segment to be listed.
    next: Option<SegmentRef>,
    /// The last one of the search.
    last: Option<SegmentRef>,
    /// The index of the next segment to be looked at.
    position: usize,
    /// The number of the next suspect whose component is taken.
    taken: u32,
    /// Everything is to be looked at.
    thorough: bool,
    objects: usize,
    candidates: usize,
    /// Members to be followed.
    stack: Stack,
    /// There was no memory for something, so garbage may have been missed.
    missed: bool,
    /// It has come to its end.
    ended: bool,
}

impl Search {
    /// A search of the old generation as it is now; `None` when there is no memory for it.
    ///
    /// What is in the way of listing its segments bit by bit is held off until that is done: the old generation is
    /// [sealed](Generations::seal_old).
    pub(crate) fn start(generations: &Generations, thorough: bool) -> Option<Self> {
        let marks = Marks::new(generations.segments.numbers())?;
        let (next, last) = generations.seal_old();
        Some(Self {
            segments: Vec::new(),
            marks,
            components: Components::default(),
            phase: Phase::List,
            next,
            last,
            position: 0,
            taken: 0,
            thorough,
            objects: 0,
            candidates: 0,
            stack: Stack::default(),
            missed: false,
            ended: false,
        })
    }

    /// Goes on until about `budget` objects were followed, or there are suspects.
    pub(crate) fn go_on(&mut self, generations: &Generations, mut budget: usize) -> Progress {
        while budget > 0 {
            let cost = match self.phase {
                Phase::List => self.list(generations),
                Phase::Count => self.count(budget),
                Phase::CountAll => self.count_all(),
                Phase::Spread => self.spread(budget),
                Phase::Gather => self.gather(),
                Phase::Join => self.join(),
                Phase::Destroy => {
                    if self.make_set(generations) {
                        return Progress::Suspects;
                    }
                    SEGMENT_COST
                }
                Phase::Release => {
                    if !self.release_one(generations) {
                        return Progress::Over;
                    }
                    SEGMENT_COST
                }
            };
            budget = budget.saturating_sub(cost);
        }
        Progress::Slice
    }

    /// Ends the search, wherever it is.
    pub(crate) fn end(mut self, generations: &Generations) {
        generations.unseal_old();
        while self.release_one(generations) {}
    }

    /// Frees what belongs to the last segment; says no when there is none left.
    fn release_one(&mut self, generations: &Generations) -> bool {
        if self.components.forget_some() {
            return true;
        }
        if let (Some(_), Some(last)) = (self.next.take(), self.last) {
            // It was sealed, but not listed yet.
            generations.release(last);
        }
        let Some(segment) = self.segments.pop() else { return false };
        self.marks.forget_from(self.segments.len());
        generations.release(segment);
        true
    }

    /// Whether nothing that was garbage at its start can have been missed.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended && !self.missed && !self.stack.has_lost()
    }

    /// Lists one segment more, with marks. Where there is no memory for that, the search is over.
    fn list(&mut self, generations: &Generations) -> usize {
        let Some(segment) = self.next else {
            self.admit_newcomers(generations);
            generations.unseal_old();
            self.phase = match self.candidates {
                _ if self.thorough || self.candidates > self.objects / MANY => Phase::CountAll,
                0 => self.finish(),
                _ => Phase::Count,
            };
            return 0;
        };
        if self.segments.try_reserve(1).is_err() || !self.marks.add(self.segments.len(), segment) {
            generations.unseal_old();
            self.phase = Phase::Release;
            return SEGMENT_COST;
        }
        segment.used_by.set(Use::Search);
        self.list_candidates(segment);
        self.segments.push(segment);
        self.next = if self.last == Some(segment) { None } else { generations.old_segment_after(segment) };
        SEGMENT_COST
    }

    /// Takes down the candidates of the segment that is about to be listed. They are none from now on.
    fn list_candidates(&mut self, segment: SegmentRef) {
        let place = marks::place(self.segments.len());
        for index in 0..segment.len() {
            if let Some(later) = segment.entry(index + AHEAD) {
                later.prefetch();
            }
            if let Some(object) = segment.entry(index) {
                self.objects += 1;
                if object.word().has(Flags::CANDIDATE) {
                    object.word().remove(Flags::CANDIDATE);
                    self.marks.set_candidate(place + index);
                    self.candidates += 1;
                }
            }
        }
    }

    /// Makes candidates of all searched objects that newer ones lead to.
    fn admit_newcomers(&self, generations: &Generations) {
        let admit = |target| {
            if self.marks.has(target) {
                target.word().insert(Flags::CANDIDATE);
            }
        };
        let mut admit_object = |target| admit(target);
        let mut tracer = Tracer::visit(&mut admit_object);
        for object in generations.newcomers(self.last) {
            object.trace(&mut tracer);
        }
    }

    /// Nothing is left to be looked at.
    fn finish(&mut self) -> Phase {
        self.ended = true;
        Phase::Release
    }

    /// The segment to look at now; at the end of them, the next phase begins.
    fn next_segment(&mut self, next_phase: Phase) -> Option<(u32, SegmentRef)> {
        let Some(&segment) = self.segments.get(self.position) else {
            self.phase = next_phase;
            self.position = 0;
            return None;
        };
        let place = marks::place(self.position);
        self.position += 1;
        Some((place, segment))
    }

    /// Tallies the edges of all objects of one segment.
    fn count_all(&mut self) -> usize {
        let Some((place, segment)) = self.next_segment(Phase::Spread) else { return 0 };
        let marks = &self.marks;
        let admit = |index| {
            marks.admit(place + index);
            true
        };
        let tally = |_, target| {
            marks.tally(target);
        };
        trace_all(segment, admit, tally) + SEGMENT_COST
    }

    /// Tallies the edges of members, as far as the budget goes; then makes the candidates of one segment members.
    fn count(&mut self, budget: usize) -> usize {
        let followed = self.follow_members(budget);
        if followed >= budget {
            return followed;
        }
        let Some((place, segment)) = self.next_segment(Phase::Spread) else { return followed };
        for place in place..place + segment.len() {
            if self.marks.is_candidate(place) && self.marks.admit(place) {
                self.stack.push(place);
            }
        }
        followed + SEGMENT_COST
    }

    /// Follows members that were not followed yet.
    fn follow_members(&self, budget: usize) -> usize {
        let (marks, stack) = (&self.marks, &self.stack);
        let buffer = EdgeBuffer::new(|_, target| {
            if let Some(place) = marks.tally(target) {
                stack.push(place);
            }
        });
        let mut tracer = Tracer::buffer(&buffer);
        let mut followed = 0;
        while followed < budget {
            let next = stack.pop().or_else(|| {
                buffer.flush();
                stack.pop()
            });
            let Some(place) = next else { break };
            if let Some(object) = entry(&self.segments, place) {
                object.trace(&mut tracer);
                followed += 1;
            }
        }
        buffer.flush();
        followed
    }

    /// Reaches what is held from elsewhere in one segment, and what that leads to, as far as the budget goes.
    fn spread(&mut self, budget: usize) -> usize {
        let followed = self.follow_reached(budget);
        if self.marks.has_reached() {
            return followed;
        }
        let Some((place, segment)) = self.next_segment(Phase::Gather) else { return followed };
        for index in 0..CAPACITY {
            match segment.entry(index) {
                Some(object) => self.marks.reach_if_held(place + index, object),
                None => self.marks.set_aside(place + index),
            }
        }
        followed + SEGMENT_COST
    }

    /// Follows what was reached and not yet followed.
    fn follow_reached(&self, budget: usize) -> usize {
        let mut followed = 0;
        let (marks, segments) = (&self.marks, &self.segments);
        let buffer = EdgeBuffer::new(|_, target| marks.reach(target));
        let mut tracer = Tracer::buffer(&buffer);
        while followed < budget {
            let Some(place) = marks.pop_reached() else {
                buffer.flush();
                if marks.has_reached() {
                    continue;
                }
                break;
            };
            if let Some(object) = entry(segments, place) {
                object.trace(&mut tracer);
                followed += 1;
            }
        }
        buffer.flush();
        followed
    }

    /// Makes each suspect of one segment a component.
    fn gather(&mut self) -> usize {
        let Some((place, _)) = self.next_segment(Phase::Join) else { return 0 };
        let before = self.components.len();
        for place in place..place + CAPACITY {
            if self.marks.is_suspect(place) {
                let number = entry(&self.segments, place).and_then(|_| {
                    let number = self.components.add(place);
                    self.missed |= number.is_none();
                    number
                });
                match number {
                    Some(number) => self.marks.set_number(place, number),
                    None => self.marks.set_aside(place),
                }
            }
        }
        SEGMENT_COST + (self.components.len() - before) as usize / 2
    }

    /// Joins the components of one segment's suspects to those that they lead to.
    fn join(&mut self) -> usize {
        if self.components.is_empty() {
            self.phase = Phase::Destroy;
            self.position = 0;
            return 0;
        }
        let Some((place, segment)) = self.next_segment(Phase::Destroy) else { return 0 };
        let (marks, components) = (&self.marks, &self.components);
        let number = |index| marks.number(place + index);
        let followed = trace_all(
            segment,
            |index| number(index).is_some(),
            |index, target| {
                if let (Some(one), Some(other)) = (number(index), marks.number_of(target)) {
                    components.join(one, other);
                }
            },
        );
        followed + SEGMENT_COST
    }

    /// Moves some components to the set, and says whether there are any.
    fn make_set(&mut self, generations: &Generations) -> bool {
        let mut places = Vec::new();
        while places.len() < BATCH && self.taken < self.components.len() {
            self.missed |= !self.components.take(self.taken, &mut places);
            self.taken += 1;
        }
        if places.is_empty() {
            self.phase = self.finish();
        }
        // Finalizers run in the order of age.
        places.sort_unstable();
        for place in places {
            if let Some(object) = entry(&self.segments, place) {
                self.missed |= !generations.add_to_set(object);
            }
        }
        !generations.set.is_empty()
    }
}

/// What is in a place.
fn entry(segments: &[SegmentRef], place: u32) -> Option<ObjectRef> {
    segments[(place / CAPACITY) as usize].entry(place)
}

/// Traces objects of a segment, those that `which` says yes to, and returns how many. `edge` gets each edge: the index of
/// its source, and its target.
fn trace_all(segment: SegmentRef, which: impl Fn(u32) -> bool, edge: impl Fn(u32, ObjectRef)) -> usize {
    let buffer = EdgeBuffer::new(edge);
    let mut tracer = Tracer::buffer(&buffer);
    let mut traced = 0;
    for index in 0..segment.len() {
        if let Some(later) = segment.entry(index + AHEAD) {
            later.prefetch();
        }
        if let Some(object) = segment.entry(index)
            && which(index)
        {
            buffer.from(index);
            object.trace(&mut tracer);
            traced += 1;
        }
    }
    buffer.flush();
    traced
}

/// What it costs to have destroyed so many objects.
pub(crate) const fn destruction_cost(objects: usize) -> usize {
    objects * DESTRUCTION_COST
}
