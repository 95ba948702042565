//! A segment: a short array of object pointers, of which a generation is a list.
//!
//! ```text
//!   list ──▶ ┌ segment 4 ──────────┐ ──▶ ┌ segment 9 ──────────┐
//!            │ ▪ ▪ ▪ ∙ ▪ ▪ ▪ ▪ ▪ ▪ │     │ ▪ ▪ ▪ ▪             │     ▪ an object   ∙ a hole
//!            └─────────────────────┘     └────────┴────────────┘
//!                   ▲                             len
//!                   └ slot 4·SLOTS + 3   
//! ```
//!
//! To add an object is to write one entry at the end of the last segment, and to remove one is to make its entry a hole.
//! Lists are joined by their ends. So nothing that happens to a generation takes longer because the generation is large.

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::object::ObjectRef;
use crate::prefetch::prefetch;

/// Slots of a segment: a power of two, so that shifts tell an object's segment and entry by its slot.
pub(crate) const SLOTS: u32 = 256;

/// Entries of a segment. The last few slots have none: with what else it has, a segment is as large as a power of two, for
/// which allocators have blocks without waste.
pub(crate) const CAPACITY: u32 = SLOTS - if size_of::<Entry>() == 8 { 4 } else { 6 };

const _: () = assert!(size_of::<Segment>() == SLOTS as usize * size_of::<Entry>());

/// A place in a segment; `None` is a hole that a freed object left.
pub(crate) type Entry = Option<ObjectRef>;

/// Which stretch of the heap a segment belongs to: a generation, by its index, or the frozen objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Young,
    Middle,
    Old,
    Frozen,
}

impl Home {
    pub(crate) const COUNT: usize = 4;
}

/// Who is at work on a segment, and will see to it if it becomes empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nobody: it is in its generation, to which objects may be added.
    Free,
    /// A collection: it is part of the set.
    Set,
    /// A search of the old generation, in which it stays as it is but for objects that are freed.
    Search,
    /// It is kept for when one is needed.
    Spare,
}

/// # Invariants
///
/// - Entries from `len` on are holes; `holes` of those before it are, and the last of those is not.
/// - An object in entry `i` has the slot `base + i`, but while a partition is running.
pub(crate) struct Segment {
    /// Entries in use, the holes among them included.
    len: Cell<u32>,
    holes: Cell<u32>,
    /// The slot of the first entry, which also names the segment.
    pub(crate) base: u32,
    pub(crate) home: Cell<Home>,
    pub(crate) used_by: Cell<Use>,
    /// During a partition: whether it has members.
    pub(crate) has_members: Cell<bool>,
    previous: Cell<Option<SegmentRef>>,
    next: Cell<Option<SegmentRef>>,
    entries: [Cell<Entry>; CAPACITY as usize],
}

impl Segment {
    pub(crate) fn new(base: u32) -> Self {
        Self {
            len: Cell::new(0),
            holes: Cell::new(0),
            base,
            home: Cell::new(Home::Young),
            used_by: Cell::new(Use::Free),
            has_members: Cell::new(false),
            previous: Cell::new(None),
            next: Cell::new(None),
            entries: [const { Cell::new(None) }; CAPACITY as usize],
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len.get()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len.get() == CAPACITY
    }

    /// How many objects it has.
    #[inline]
    pub(crate) fn live(&self) -> u32 {
        self.len.get() - self.holes.get()
    }

    #[inline]
    pub(crate) fn entry(&self, index: u32) -> Entry {
        self.entries.get((index % SLOTS) as usize).and_then(Cell::get)
    }

    /// Where the entry with an index is that is below [`CAPACITY`]. What is done about others only saves a check.
    #[inline]
    fn place(&self, index: u32) -> &Cell<Entry> {
        &self.entries[(index % SLOTS).min(CAPACITY - 1) as usize]
    }

    /// Has the processor fetch the entries that lie together with this one.
    #[inline]
    pub(crate) fn prefetch_entry(&self, index: u32) {
        prefetch(NonNull::from(self.place(index)));
    }

    #[inline]
    pub(crate) fn entries(&self) -> &[Cell<Entry>] {
        // Never more than there are, which the compiler does not know.
        &self.entries[..self.len.get().min(CAPACITY) as usize]
    }

    /// Each object with its slot. None is to come or go meanwhile.
    #[inline]
    pub(crate) fn for_each_now(&self, mut visit: impl FnMut(u32, ObjectRef)) {
        for (slot, entry) in (self.base..).zip(self.entries()) {
            if let Some(object) = entry.get() {
                visit(slot, object);
            }
        }
    }

    /// Each object with its slot. Objects may come and go meanwhile.
    #[inline]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u32, ObjectRef)) {
        let mut index = 0;
        while index < self.len() {
            if let Some(object) = self.entry(index) {
                visit(self.base + index, object);
            }
            index += 1;
        }
    }

    /// Adds an object at the end. There must be room.
    #[inline]
    pub(crate) fn push(&self, object: ObjectRef) {
        let index = self.len.get();
        debug_assert!(index < CAPACITY);
        object.slot().set(self.base + index);
        self.place(index).set(Some(object));
        self.len.set(index + 1);
    }

    /// Makes an object's entry a hole.
    #[inline]
    pub(crate) fn remove(&self, index: u32) {
        let index = index % SLOTS;
        debug_assert!(index < self.len());
        self.place(index).set(None);
        if index + 1 == self.len() {
            self.trim(index);
        } else {
            self.holes.set(self.holes.get() + 1);
        }
    }

    /// Ends the segment at `len`, or before, where the last object is.
    #[inline]
    fn trim(&self, mut len: u32) {
        let mut holes = self.holes.get();
        while holes > 0 && self.entries[len as usize - 1].get().is_none() {
            len -= 1;
            holes -= 1;
        }
        self.len.set(len);
        self.holes.set(holes);
    }

    /// Makes the entries of objects that `take` says yes to holes. It must not come back here.
    #[inline]
    pub(crate) fn remove_each(&self, mut take: impl FnMut(ObjectRef) -> bool) {
        let (mut len, mut live) = (0, 0);
        for (index, entry) in (1..).zip(self.entries()) {
            if let Some(object) = entry.get() {
                if take(object) {
                    entry.set(None);
                } else {
                    len = index;
                    live += 1;
                }
            }
        }
        self.len.set(len);
        self.holes.set(len - live);
    }

    /// Moves the objects together, to the front.
    pub(crate) fn squeeze(&self) {
        let mut end = 0;
        for index in 0..self.len() {
            if let Some(object) = self.entries[index as usize].take() {
                object.slot().set(self.base + end);
                self.entries[end as usize].set(Some(object));
                end += 1;
            }
        }
        self.len.set(end);
        self.holes.set(0);
    }

    /// Forgets all entries.
    pub(crate) fn clear(&self) {
        self.entries().iter().for_each(|entry| entry.set(None));
        self.len.set(0);
        self.holes.set(0);
    }
}

/// A pointer to a segment.
///
/// # Invariants
///
/// The segment has not been freed: [`Segments`](crate::segments::Segments) frees one only when it is in no list, and
/// whoever keeps a pointer besides says so in `used_by`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentRef(NonNull<Segment>);

impl SegmentRef {
    /// # Safety
    ///
    /// `segment` must satisfy the type's invariant.
    pub(crate) unsafe fn new(segment: NonNull<Segment>) -> Self {
        // INVARIANT: by this function's contract.
        Self(segment)
    }

    pub(crate) fn pointer(self) -> NonNull<Segment> {
        self.0
    }
}

impl Deref for SegmentRef {
    type Target = Segment;

    #[inline]
    fn deref(&self) -> &Segment {
        // SAFETY: by the type's invariant; all that changes in a segment are cells, so it is only ever shared.
        unsafe { self.0.as_ref() }
    }
}

/// Segments in order, oldest objects first.
///
/// # Invariants
///
/// `first` and `last` are both there or not; the segments between are linked both ways and in no other list.
#[derive(Default)]
pub(crate) struct List {
    first: Cell<Option<SegmentRef>>,
    last: Cell<Option<SegmentRef>>,
}

impl List {
    #[inline]
    pub(crate) fn first(&self) -> Option<SegmentRef> {
        self.first.get()
    }

    #[inline]
    pub(crate) fn last(&self) -> Option<SegmentRef> {
        self.last.get()
    }

    /// Each segment. The one that is visited may be unlinked meanwhile.
    #[inline]
    pub(crate) fn segments(&self) -> impl Iterator<Item = SegmentRef> + use<> {
        let mut next = self.first.get();
        core::iter::from_fn(move || {
            let segment = next?;
            next = segment.next.get();
            Some(segment)
        })
    }

    /// Each object with its slot.
    #[inline]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u32, ObjectRef)) {
        // Where a list goes on is looked up late: whoever is visited may add to its end.
        let mut next = self.first.get();
        while let Some(segment) = next {
            segment.for_each(&mut visit);
            next = segment.next.get();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    pub(crate) fn live(&self) -> usize {
        self.segments().map(|segment| segment.live() as usize).sum()
    }

    /// Appends a segment that is in no list.
    pub(crate) fn append(&self, segment: SegmentRef) {
        segment.previous.set(self.last.get());
        segment.next.set(None);
        match self.last.replace(Some(segment)) {
            Some(last) => last.next.set(Some(segment)),
            None => self.first.set(Some(segment)),
        }
    }

    /// Moves all segments of `other` to the end.
    pub(crate) fn append_all(&self, other: &Self) {
        let Some(first) = other.first.take() else { return };
        first.previous.set(self.last.get());
        match self.last.replace(other.last.take()) {
            Some(last) => last.next.set(Some(first)),
            None => self.first.set(Some(first)),
        }
    }

    /// Takes out a segment of this list.
    pub(crate) fn unlink(&self, segment: SegmentRef) {
        let (previous, next) = (segment.previous.take(), segment.next.take());
        match previous {
            Some(previous) => previous.next.set(next),
            None => self.first.set(next),
        }
        match next {
            Some(next) => next.previous.set(previous),
            None => self.last.set(previous),
        }
    }

    /// The segment after another of this list.
    pub(crate) fn after(&self, segment: SegmentRef) -> Option<SegmentRef> {
        segment.next.get()
    }
}
