//! Which objects of a set are garbage: the heart of a collection.
//!
//! An object's *external count* is its strong count less the edges that lead to it from within the set. What has one
//! above zero is held from outside, and so is all that it reaches; the rest only hold each other.
//!
//! The steps are CPython's `deduce_unreachable` (`gc.c`: `update_refs`, `subtract_refs`, `move_unreachable`), down to
//! the order in which survivors come out, since finalizers later run in that order. CPython moves objects between
//! lists; here they stay where they are, and only what was taken for garbage by mistake is moved to the end. Nothing has
//! to be allocated: everything that has to be remembered fits the objects' own headers.
//!
//! One step comes before them where all that there is may be garbage, as when a collector's last root goes: if no edge can lead
//! to anything but a member, and there are as many edges as counts, no handle is outside. To know this takes one look at each
//! object in order, and none at what its edges lead to, which is all over a large heap.

use core::cell::Cell;
use core::mem;
use core::time::Duration;

use crate::candidates;
use crate::clock::Clock;
use crate::count_word::{AnyOf, Flags};
use crate::generations::Generations;
use crate::object::{NO_SLOT, ObjectRef};
use crate::owner::Owner;
use crate::trace::Tracer;
use crate::type_info::Traits;

/// The end of a queue that is linked through slots.
const END: u32 = NO_SLOT;
/// How many entries ahead objects of a large set are fetched.
const AHEAD: usize = 8;
/// Sets of this many objects were made so recently, or are so small, that the processor's cache has them.
const CACHED: usize = 4096;

/// Which objects of the list are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// All of them.
    All,
    /// All of them, which are all that there are: so none has to be a candidate any more.
    Everything {
        /// No edge can lead from one of them to anything else.
        edges_stay: bool,
    },
    /// The [candidates](crate::candidates) and what they lead to.
    Candidates,
    /// Those that were found to be garbage before.
    Garbage,
}

impl Members {
    /// Whether all objects of the list are.
    fn are_all(self) -> bool {
        matches!(self, Self::All | Self::Everything { .. })
    }

    /// The flag that members have, if they are not all, and the one that they lose.
    fn flags(self) -> (Flags, Flags) {
        match self {
            Self::All => (Flags::empty(), Flags::empty()),
            Self::Everything { .. } => (Flags::empty(), Flags::CANDIDATE),
            Self::Candidates => (Flags::COLLECTING, Flags::empty()),
            Self::Garbage => (Flags::TENTATIVE, Flags::TENTATIVE),
        }
    }
}

/// What came out: garbage has [`Flags::TENTATIVE`] now, unless it is `unmarked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) reachable: usize,
    pub(crate) garbage: usize,
    /// What all members have in common.
    pub(crate) common: Traits,
    /// What at least one member has.
    pub(crate) present: Traits,
    /// A member has a weak box.
    pub(crate) weak: bool,
    /// No edge leads from the garbage to anywhere else.
    pub(crate) closed: bool,
    /// The whole set is garbage; so none of it was marked, and slots mean nothing.
    pub(crate) unmarked: bool,
    /// When edges had been subtracted, if somebody wants to know and it is known.
    pub(crate) counted: Option<Duration>,
}

impl Split {
    /// Whether the garbage has nothing to it but its memory, and handles to itself.
    pub(crate) fn is_only_memory(&self) -> bool {
        let is_bare = self.common.contains(Traits::BARE) && !self.present.contains(Traits::FINALIZER);
        self.closed && is_bare && !self.weak
    }
}

/// Marks those `members` of the set that are garbage, and brings the others in CPython's order.
///
/// When a `trace` panics, every object is left as it was, and none is marked. The clock is given if somebody wants to know
/// what took how long.
pub(crate) fn partition(generations: &Generations, members: Members, owner: Owner, clock: Option<&Clock>) -> Split {
    let ahead = if generations.set.live() > CACHED { AHEAD } else { 0 };
    let set = CollectionSet { generations, ahead };
    if members == Members::Candidates {
        candidates::mark_closure(&generations.set, &generations.segments, owner);
    }
    let mut sums = match members {
        Members::Everything { edges_stay: true } => set.copy_counts_and_tally(members),
        _ => set.copy_counts(members, |_| {}),
    };
    if !sums.are_of_garbage() {
        set.subtract_internal_edges(&mut sums);
    }
    let counted = clock.and_then(Clock::read_in_the_middle);
    let unmarked = members.are_all() && sums.are_of_garbage();
    if !unmarked {
        set.spread_reachability(members, &mut sums);
    }
    mem::forget(set);
    Split { unmarked, counted, ..sums.split() }
}

/// The objects under collection.
///
/// # Invariants
///
/// All members are in their entries: dropping the set puts every slot and flag back as it was.
struct CollectionSet<'a> {
    generations: &'a Generations,
    /// How many entries ahead objects are fetched: none, where the set fits the processor's cache.
    ahead: usize,
}

/// What is counted on the way.
struct Sums {
    objects: usize,
    reachable: usize,
    common: Traits,
    present: Traits,
    words: AnyOf,
    /// Strong counts of all members, less those of the reachable ones.
    counts: u64,
    /// Edges of all members, less those of the reachable ones.
    edges: u64,
    /// Those of them that lead to members.
    internal_edges: u64,
    /// A member has edges that it did not report.
    opaque: bool,
}

impl Sums {
    /// As each count of the garbage is an edge from the garbage, there are no others when there are as many of both.
    fn split(&self) -> Split {
        Split {
            reachable: self.reachable,
            garbage: self.objects - self.reachable,
            common: self.common,
            present: self.present,
            weak: self.words.has(Flags::WEAK),
            closed: !self.opaque && self.counts == self.edges,
            unmarked: false,
            counted: None,
        }
    }

    /// Whether each count of a member is an edge from a member: then all are garbage. (No object has fewer counts than edges.)
    fn are_of_garbage(&self) -> bool {
        self.counts == self.internal_edges && !self.words.has_immortal()
    }
}

impl CollectionSet<'_> {
    /// Each member with its slot, fetched ahead of time.
    #[inline]
    fn for_each(&self, mut visit: impl FnMut(u32, ObjectRef)) {
        if self.ahead == 0 {
            let segments = self.generations.set.segments().filter(|segment| segment.has_members.get());
            return segments.for_each(|segment| segment.for_each_now(&mut visit));
        }
        for segment in self.generations.set.segments().filter(|segment| segment.has_members.get()) {
            let entries = segment.entries();
            for (slot, (index, entry)) in (segment.base..).zip(entries.iter().enumerate()) {
                if let Some(later) = entries.get(index + self.ahead).and_then(Cell::get) {
                    later.prefetch();
                }
                if let Some(object) = entry.get() {
                    visit(slot, object);
                }
            }
        }
    }

    /// The external counts begin as the strong counts. An immortal object's is beyond what edges can take away.
    ///
    /// Calls `visit` with each member.
    #[inline]
    fn copy_counts(&self, members: Members, mut visit: impl FnMut(ObjectRef)) -> Sums {
        let (needed, lost) = members.flags();
        let (mut common, mut present) = (Traits::all(), Traits::empty());
        let (mut words, mut objects, mut counts) = (AnyOf::default(), 0, 0);
        self.for_each(|_, object| {
            let word = object.word();
            if !word.has_all(needed) {
                return;
            }
            let count = word.count_or_huge();
            words.add(word);
            word.exchange(lost, Flags::COLLECTING);
            object.slot().set(count);
            let traits = object.traits();
            common &= traits;
            present |= traits;
            objects += 1;
            counts += u64::from(count);
            visit(object);
        });
        let (edges, internal_edges, opaque) = (0, 0, false);
        Sums { objects, reachable: 0, common, present, words, counts, edges, internal_edges, opaque }
    }

    /// [`copy_counts`](Self::copy_counts) that also counts edges, which must all lead to members, without a look at these.
    fn copy_counts_and_tally(&self, members: Members) -> Sums {
        let tally = Cell::new(0);
        let mut tracer = Tracer::tally(&tally);
        let mut sums = self.copy_counts(members, |object| object.trace(&mut tracer));
        (sums.edges, sums.internal_edges) = (tally.get(), tally.get());
        sums
    }

    fn subtract_internal_edges(&self, sums: &mut Sums) {
        let subtraction = Subtraction::default();
        let mut tracer = Tracer::subtract(&subtraction);
        self.for_each(|_, object| {
            if object.word().has(Flags::COLLECTING) {
                if cfg!(debug_assertions) {
                    subtraction.source.set(Some(object));
                }
                object.trace(&mut tracer);
            }
        });
        sums.internal_edges = subtraction.internal_edges.get();
        sums.edges = sums.internal_edges + subtraction.other_edges.get();
        sums.opaque = subtraction.opaque.get();
    }

    /// Follows the edges of everything that is held from outside.
    ///
    /// One pass in order; objects that it passes over as tentative garbage, and only then finds to be reachable, are
    /// queued and followed after it. They move to the end of the set, and so does what was garbage before.
    fn spread_reachability(&self, members: Members, sums: &mut Sums) {
        let reached = Reached::default();
        let mut tracer = Tracer::spread(&reached);
        self.for_each(|slot, object| {
            if !object.word().has(Flags::COLLECTING) {
                return;
            }
            if object.slot().replace(slot) == 0 {
                object.word().insert(Flags::TENTATIVE);
            } else {
                object.word().remove(Flags::COLLECTING);
                sums.reachable += 1;
                sums.counts -= u64::from(object.word().count_or_huge());
                object.trace(&mut tracer);
                if members == Members::Garbage {
                    self.move_to_end(object);
                }
            }
        });
        self.follow_queue(&reached, &mut tracer, sums);
        sums.edges -= reached.edges.get();
    }

    fn follow_queue(&self, reached: &Reached, tracer: &mut Tracer<'_>, sums: &mut Sums) {
        let mut slot = reached.first.get();
        while slot != END {
            // SAFETY: the queue is made of the members' own slots.
            let Some(object) = (unsafe { self.generations.segments.entry(slot) }) else { break };
            sums.reachable += 1;
            sums.counts -= u64::from(object.word().count_or_huge());
            object.trace(tracer);
            let next = object.slot().replace(slot);
            self.move_to_end(object);
            slot = next;
        }
    }

    /// Moves a member to the end of the list. Where there is no memory for that, it stays where it is.
    fn move_to_end(&self, object: ObjectRef) {
        let slot = object.slot().get();
        if let Some(last) = self.generations.end_of_set() {
            // SAFETY: the object is in a segment of the set.
            unsafe { self.generations.segments.of_slot(slot) }.remove(slot);
            last.push(object);
        }
    }
}

impl Drop for CollectionSet<'_> {
    fn drop(&mut self) {
        self.for_each(|slot, object| {
            object.slot().set(slot);
            object.word().remove(Flags::COLLECTING | Flags::TENTATIVE);
        });
    }
}

/// Takes edges from external counts.
#[derive(Default)]
pub(crate) struct Subtraction {
    /// Whose edges they are; only to say it when something is wrong.
    source: Cell<Option<ObjectRef>>,
    internal_edges: Cell<u64>,
    other_edges: Cell<u64>,
    pub(crate) opaque: Cell<bool>,
}

impl Subtraction {
    #[inline]
    pub(crate) fn edge(&self, target: ObjectRef) {
        if target.word().has(Flags::COLLECTING) {
            self.internal_edges.set(self.internal_edges.get() + 1);
            let external = target.slot().get();
            debug_assert!(
                external > 0,
                "Trace for {:?} reports more edges to {target:?} than there are handles",
                self.source.get()
            );
            target.slot().set(external.saturating_sub(1));
        } else {
            self.other_edges.set(self.other_edges.get() + 1);
        }
    }
}

/// The queue of objects that looked like garbage until an edge from a reachable object led to them.
///
/// It is linked by slot through the slots of its members.
pub(crate) struct Reached {
    first: Cell<u32>,
    last: Cell<Option<ObjectRef>>,
    edges: Cell<u64>,
}

impl Default for Reached {
    fn default() -> Self {
        Self { first: Cell::new(END), last: Cell::new(None), edges: Cell::new(0) }
    }
}

impl Reached {
    /// Something reachable has an edge to `target`.
    #[inline]
    pub(crate) fn edge(&self, target: ObjectRef) {
        self.edges.set(self.edges.get() + 1);
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
        let slot = object.slot().replace(END);
        match self.last.replace(Some(object)) {
            Some(last) => last.slot().set(slot),
            None => self.first.set(slot),
        }
    }
}
