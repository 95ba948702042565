//! The search for old garbage: a collection of the old generation in slices.
//!
//! To look at all old objects at once would be a long pause. But that a set of objects is garbage can be told from the set
//! alone: [its members' counts are the edges inside it](crate::partition). So however stale the search is that found it,
//! the check is exact, and only the check and the destruction have to happen in one go. They cost what the garbage costs,
//! and the garbage comes in pieces.
//!
//! The search looks at the old generation as it was at its start. Between two slices the program goes on:
//!
//! 1. *[Close](closures)*: candidates that lead to little are settled at once. If there are no others, that is all.
//! 2. *List* the segments, and the [candidates](crate::candidates) in them, which are none from now on.
//! 3. *Count.* The edges of what candidates lead to, the *members*, are counted in an array beside the objects: each
//!    one's [mark](marks) is a tally.
//! 4. *Spread.* An object whose strong count is not its tally is held from elsewhere, so it is reached, and so is what it
//!    leads to. The rest are *suspects*. What was garbage at the start has not changed since, as nobody can: it is among
//!    them.
//! 5. *Gather* the suspects, and *join* those that lead to each other to [components](components).
//! 6. *Destroy.* Some components at a time are made the set of a [collection](crate::collection), which keeps what is not
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

use crate::generations::Generations;
use crate::object::ObjectRef;
use crate::owner::Owner;
use crate::segment::{SLOTS, SegmentRef};
use crate::trace::Tracer;

use closures::{Closed, Closures};
use components::Components;
use edge_buffer::EdgeBuffer;
use marks::Marks;
use stack::Stack;

use alloc::vec::Vec;

mod closures;
mod components;
pub(crate) mod edge_buffer;
mod listing;
mod marks;
mod reach;
mod stack;
mod suspects;

/// What it costs to pass over a segment, in objects followed.
const SEGMENT_COST: usize = 16;
/// What it costs to destroy an object, in objects followed.
const DESTRUCTION_COST: usize = 3;
/// How many entries ahead objects are fetched that are traced.
const AHEAD: u32 = 8;
/// How many entries ahead objects are fetched of which only the header is looked at.
const FAR_AHEAD: u32 = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Close,
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
    /// The set has objects that may be garbage; so many were followed to find them.
    Suspects(usize),
    /// The search is over.
    Over,
}

/// A running search.
///
/// # Invariants
///
/// The segments, `next` and `last` are in the old generation, and the segments are used by the search. An object's *place*
/// is the index of its segment times [`SLOTS`] and its own in that.
pub(crate) struct Search {
    closures: Option<Closures>,
    segments: Vec<SegmentRef>,
    owner: Owner,
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
    pub(crate) fn start(generations: &Generations, owner: Owner, thorough: bool) -> Option<Self> {
        let closures = if thorough { None } else { Closures::start(generations, owner) };
        let mut search = Self {
            phase: Phase::Close,
            closures,
            segments: Vec::new(),
            owner,
            marks: Marks::none(owner),
            components: Components::default(),
            next: None,
            last: None,
            position: 0,
            taken: 0,
            thorough,
            objects: 0,
            candidates: 0,
            stack: Stack::default(),
            missed: false,
            ended: false,
        };
        (search.closures.is_some() || search.start_list(generations)).then_some(search)
    }

    /// Settles what leads to little.
    fn close(&mut self, generations: &Generations) -> (Closed, usize) {
        let close = |closures: &mut Closures| closures.close_some(generations);
        let (closed, cost) = self.closures.as_mut().map_or((Closed::Over, 0), close);
        if matches!(closed, Closed::Over) {
            let any_left = self.closures.take().is_some_and(|closures| closures.any_left());
            self.phase = match any_left {
                false => self.finish(),
                true if self.start_list(generations) => Phase::List,
                true => Phase::Release,
            };
        }
        (closed, cost)
    }

    /// Goes on until about `budget` objects were followed, or there are suspects.
    pub(crate) fn go_on(&mut self, generations: &Generations, mut budget: usize) -> Progress {
        let before = budget;
        while budget > 0 {
            let cost = match self.phase {
                Phase::Close => match self.close(generations) {
                    (Closed::Set, cost) => return Progress::Suspects(before - budget + cost),
                    (Closed::Nothing | Closed::Over, cost) => cost,
                },
                Phase::List => self.list(generations),
                Phase::Count => self.count(budget),
                Phase::CountAll => self.count_all(),
                Phase::Spread => self.spread(budget),
                Phase::Gather => self.gather(),
                Phase::Join => self.join(),
                Phase::Destroy => {
                    if self.make_set(generations) {
                        return Progress::Suspects(before - budget);
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
        if let Some(mut closures) = self.closures.take() {
            closures.end(generations);
        }
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
}

/// What it costs to have destroyed so many objects.
pub(crate) const fn destruction_cost(objects: usize) -> usize {
    objects * DESTRUCTION_COST
}

/// What is in a place.
fn entry(segments: &[SegmentRef], place: u32) -> Option<ObjectRef> {
    segments[(place / SLOTS) as usize].entry(place)
}

/// Traces objects of a segment, those that `which` says yes to, and returns how many. `edge` gets each edge: the index of
/// its source, and its target.
fn trace_all(segment: SegmentRef, which: impl Fn(u32) -> bool, edge: impl Fn(u32, ObjectRef)) -> usize {
    let buffer = EdgeBuffer::new(edge);
    let mut tracer = Tracer::buffer(&buffer);
    let mut traced = 0;
    for index in 0..segment.len() {
        prefetch(segment, index + AHEAD, &which);
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

/// Has an object fetched that will be looked at.
#[inline]
fn prefetch(segment: SegmentRef, index: u32, which: impl Fn(u32) -> bool) {
    if index < segment.len()
        && which(index)
        && let Some(object) = segment.entry(index)
    {
        object.prefetch();
    }
}
