//! The objects of one collector, by generation.
//!
//! Each generation is a list of [segments](crate::segment). A new object goes to the end of the young one; what survives
//! a collection is appended to the next. A collection takes the segments it looks at out of their generations into one
//! list, the *set*. Garbage stays where it lies in the set, marked, until it is destroyed.

use crate::clock::Clock;
use crate::generation::Generation;
use crate::object::{CONDEMNED, NO_SLOT, ObjectRef, is_garbage};
use crate::owner::Owner;
use crate::partition::{self, Members, Split};
use crate::segment::{CAPACITY, Home, List, SegmentRef, Use};
use crate::segments::Segments;

use core::cell::Cell;

/// # Invariants
///
/// An object in an entry of a list has the slot that says where, but while a partition is running; an object in none has
/// [`NO_SLOT`], or [`CONDEMNED`] when it is about to be freed.
pub(crate) struct Generations {
    pub(crate) segments: Segments,
    lists: [List; Home::COUNT],
    /// What is under collection.
    pub(crate) set: List,
    /// The number of the segment that is next to be looked at by [`tidy`](Self::tidy).
    tidied: Cell<usize>,
    /// Whether somebody is going through the old generation's segments.
    old_is_sealed: Cell<bool>,
}

impl Generations {
    pub(crate) fn new() -> Self {
        Self {
            segments: Segments::new(),
            lists: Default::default(),
            set: List::default(),
            tidied: Cell::new(0),
            old_is_sealed: Cell::new(false),
        }
    }

    fn list(&self, home: Home) -> &List {
        &self.lists[home as usize]
    }

    /// The segment where the next young object goes, which has room; `None` when there is no memory.
    #[inline]
    pub(crate) fn reserve(&self) -> Option<SegmentRef> {
        match self.list(Home::Young).last() {
            Some(segment) if !segment.is_full() => Some(segment),
            _ => self.make_room(),
        }
    }

    #[cold]
    fn make_room(&self) -> Option<SegmentRef> {
        self.tidy();
        let segment = self.segments.take()?;
        segment.home.set(Home::Young);
        self.list(Home::Young).append(segment);
        Some(segment)
    }

    /// Takes an object out, if it is in.
    pub(crate) fn remove(&self, object: ObjectRef) {
        if object.slot().get() != NO_SLOT {
            self.remove_tracked(object);
            object.slot().set(NO_SLOT);
        }
    }

    /// Makes the entry of an object a hole. Its slot means nothing any more.
    ///
    /// As this is done whenever an object is freed, it is inlined there.
    #[inline(always)]
    pub(crate) fn remove_tracked(&self, object: ObjectRef) {
        if let Some(empty) = self.segments.remove(object) {
            self.retire(empty);
        }
    }

    /// Frees a segment without objects, unless new ones go there.
    #[inline]
    fn retire(&self, segment: SegmentRef) {
        let list = self.list(segment.home.get());
        let is_needed = segment.home.get() == Home::Young && list.last() == Some(segment);
        if !is_needed && !self.is_sealed(segment) {
            list.unlink(segment);
            self.segments.give_back(segment);
        }
    }

    /// Puts objects of two half-empty neighbours together, so that segments which are mostly holes do not pile up. Looks
    /// at a few segments each time.
    fn tidy(&self) {
        const A_STEP: usize = 2;
        for _ in 0..A_STEP {
            let number = self.tidied.get();
            self.tidied.set(if number < self.segments.numbers() { number + 1 } else { 0 });
            if let Some(segment) = self.segments.by_number(number)
                && let Some(next) = self.list(segment.home.get()).after(segment)
                && segment.used_by.get() == Use::Free
                && next.used_by.get() == Use::Free
                && !self.is_sealed(segment)
                && segment.live() + next.live() <= CAPACITY * 3 / 4
            {
                segment.squeeze();
                next.for_each(|_, object| segment.push(object));
                self.list(next.home.get()).unlink(next);
                self.segments.give_back(next);
            }
        }
    }

    /// The objects of a generation, oldest first, but for garbage in a running collection.
    pub(crate) fn objects(&self, generation: Generation) -> impl Iterator<Item = ObjectRef> + use<> {
        let home = generation.home();
        let under_collection = self.set.segments().filter(move |segment| segment.home.get() == home);
        let segments = self.list(home).segments().chain(under_collection);
        let objects = segments.flat_map(|segment| (0..segment.len()).filter_map(move |index| segment.entry(index)));
        objects.filter(|&object| !is_garbage(object))
    }

    /// All objects, frozen ones included, while no collection is running.
    pub(crate) fn everything(&self) -> impl Iterator<Item = ObjectRef> + use<> {
        let segments = self.lists.each_ref().map(List::segments).into_iter().flatten();
        segments.flat_map(|segment| (0..segment.len()).filter_map(move |index| segment.entry(index)))
    }

    /// All objects, frozen ones included, oldest first, but for garbage in a running collection.
    pub(crate) fn present(&self) -> impl Iterator<Item = ObjectRef> + use<> {
        let homes = [Home::Frozen, Home::Old, Home::Middle, Home::Young];
        let segments = homes.map(|home| self.list(home).segments()).into_iter().flatten().chain(self.set.segments());
        let objects = segments.flat_map(|segment| (0..segment.len()).filter_map(move |index| segment.entry(index)));
        objects.filter(|&object| !is_garbage(object))
    }

    /// Where an object is; `None` when it is untracked or garbage.
    pub(crate) fn home_of(&self, object: ObjectRef) -> Option<Home> {
        let slot = object.slot().get();
        if slot == NO_SLOT || slot == CONDEMNED || is_garbage(object) {
            return None;
        }
        // SAFETY: it is the slot of an object in a segment.
        Some(unsafe { self.segments.of_slot(slot) }.home.get())
    }

    /// The generation that an object is in; `None` when it is untracked, frozen or garbage.
    pub(crate) fn of(&self, object: ObjectRef) -> Option<Generation> {
        let home = self.home_of(object)?;
        Generation::ALL.into_iter().find(|generation| generation.home() == home)
    }

    /// Makes `generation` and all younger ones the set, whose survivors belong to the next generation.
    ///
    /// Before the middle ones in the old set come the young ones: CPython appends them in that order, and finalizers run
    /// in the order that comes of it.
    pub(crate) fn take_set(&self, generation: Generation) {
        let parts: &[Home] = match generation {
            Generation::Young => &[Home::Young],
            Generation::Middle => &[Home::Middle, Home::Young],
            Generation::Old => &[Home::Old, Home::Young, Home::Middle],
        };
        for &part in parts {
            self.set.append_all(self.list(part));
        }
        for segment in self.set.segments() {
            segment.home.set(generation.next().home());
            segment.used_by.set(Use::Set);
            segment.has_members.set(true);
        }
    }

    /// Moves an object to the set, which makes it an old one; says no, and leaves it where it is, when there is no memory for that.
    pub(crate) fn add_to_set(&self, object: ObjectRef) -> bool {
        let last = self.end_of_set();
        if let Some(last) = last {
            self.remove_tracked(object);
            last.push(object);
        }
        last.is_some()
    }

    /// A segment at the end of the set, with room. Objects that nobody says more of are old.
    pub(crate) fn end_of_set(&self) -> Option<SegmentRef> {
        let last = self.set.last();
        last.filter(|last| !last.is_full()).or_else(|| {
            let segment = self.segments.take()?;
            segment.home.set(last.map_or(Home::Old, |last| last.home.get()));
            segment.used_by.set(Use::Set);
            segment.has_members.set(true);
            self.set.append(segment);
            Some(segment)
        })
    }

    /// Marks the garbage of the set, or of those members.
    pub(crate) fn split_set(&self, members: Members, owner: Owner, clock: Option<&Clock>) -> Split {
        partition::partition(self, members, owner, clock)
    }

    /// Ends a collection: what is left of the set goes to where its survivors belong.
    pub(crate) fn close_set(&self) {
        for segment in self.set.segments() {
            self.set.unlink(segment);
            segment.used_by.set(Use::Free);
            self.settle(segment);
        }
    }

    /// Appends a segment that is in no list to its home, or its objects, if there are only a few.
    fn settle(&self, segment: SegmentRef) {
        let home = self.list(segment.home.get());
        match home.last() {
            Some(last) if last.used_by.get() == Use::Free && last.len() + segment.live() <= CAPACITY => {
                segment.for_each(|_, object| last.push(object));
                self.segments.give_back(segment);
            }
            _ if segment.live() == 0 => self.segments.give_back(segment),
            _ => {
                if segment.live() < segment.len() * 3 / 4 {
                    segment.squeeze();
                }
                home.append(segment);
            }
        }
    }

    /// Makes all objects of `from` objects of `to`, in order.
    pub(crate) fn move_all(&self, from: Home, to: Home) {
        self.list(from).segments().for_each(|segment| segment.home.set(to));
        self.list(to).append_all(self.list(from));
    }

    /// Moves everything to the frozen stretch, youngest first as CPython's `gc.freeze` does.
    pub(crate) fn freeze(&self) {
        for generation in Generation::ALL {
            self.move_all(generation.home(), Home::Frozen);
        }
    }

    /// Moves the frozen stretch to the end of the old generation.
    pub(crate) fn unfreeze(&self) {
        self.move_all(Home::Frozen, Home::Old);
    }

    /// Keeps the old generation's segments from being freed or joined until [`unseal_old`](Self::unseal_old), and
    /// nothing from being added to the last; returns the first and the last.
    pub(crate) fn seal_old(&self) -> (Option<SegmentRef>, Option<SegmentRef>) {
        self.old_is_sealed.set(true);
        let (first, last) = self.ends_of_old();
        last.inspect(|last| last.used_by.set(Use::Search));
        (first, last)
    }

    /// The old generation's first and last segment.
    pub(crate) fn ends_of_old(&self) -> (Option<SegmentRef>, Option<SegmentRef>) {
        (self.list(Home::Old).first(), self.list(Home::Old).last())
    }

    pub(crate) fn unseal_old(&self) {
        self.old_is_sealed.set(false);
    }

    fn is_sealed(&self, segment: SegmentRef) -> bool {
        self.old_is_sealed.get() && segment.home.get() == Home::Old
    }

    /// All objects that are younger than the last segment of the old generation as it once was.
    pub(crate) fn newcomers(&self, last: Option<SegmentRef>) -> impl Iterator<Item = ObjectRef> {
        let old = self.list(Home::Old);
        let mut next = last.map_or(old.first(), |last| old.after(last));
        let newer = core::iter::from_fn(move || {
            let segment = next?;
            next = old.after(segment);
            Some(segment)
        });
        let younger = [Home::Middle, Home::Young].into_iter().flat_map(|home| self.list(home).segments());
        newer.chain(younger).flat_map(|segment| (0..segment.len()).filter_map(move |index| segment.entry(index)))
    }

    pub(crate) fn old_segment_after(&self, segment: SegmentRef) -> Option<SegmentRef> {
        self.list(Home::Old).after(segment)
    }

    /// Takes a segment back that a search has used.
    pub(crate) fn release(&self, segment: SegmentRef) {
        segment.used_by.set(Use::Free);
        if segment.live() == 0 {
            self.retire(segment);
        }
    }

    /// How many objects a generation and all younger ones have.
    pub(crate) fn live_up_to(&self, generation: Generation) -> usize {
        let generations = Generation::ALL.into_iter().filter(|&other| other <= generation);
        generations.map(|generation| self.live(generation.home())).sum()
    }

    /// How many objects a stretch has.
    pub(crate) fn live(&self, home: Home) -> usize {
        self.list(home).live()
    }
}
