//! Generations: stretches of one vector.
//!
//! ```text
//!   ┌────────┬──────────────┬────────┬─────────┬───────┐
//!   │ frozen │     old      │ middle │  limbo  │ young │ ◀─ new objects
//!   └────────┴──────────────┴────────┴─────────┴───────┘
//!   0        starts[Old]    starts[Middle]     starts[Young]
//! ```
//!
//! An object lives at the place that its slot names. A new one is pushed at the end; a freed one leaves a hole; to
//! promote the survivors of a collection is to move a boundary. *Limbo* is where a collection keeps its garbage while
//! finalizers run; it belongs to no generation and is empty otherwise.

use core::fmt;
use core::mem;
use core::ops::Range;

use alloc::vec::Vec;

use crate::object::{NO_SLOT, ObjectRef};
use crate::partition::{self, Entry, Split, index_to_slot};

/// One of the three generations that objects pass through.
///
/// New objects are young. What survives a collection of its generation moves on to the next, and what is old stays.
/// Older generations are collected more seldom.
///
/// ```
/// use mudlark_gc::Generation;
///
/// assert_eq!(Generation::try_from(2), Ok(Generation::Old));
/// assert!(Generation::try_from(3).is_err());
/// assert!(Generation::Young < Generation::Old);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Objects that have survived no collection: CPython's generation 0.
    Young,
    /// Objects that have survived one collection: CPython's generation 1.
    Middle,
    /// Everything else: CPython's generation 2.
    Old,
}

impl Generation {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// All three, youngest first.
    pub const ALL: [Self; Self::COUNT] = [Self::Young, Self::Middle, Self::Old];

    /// 0, 1 or 2, as CPython numbers them.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Where objects go that survive a collection of this generation.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Young => Self::Middle,
            Self::Middle | Self::Old => Self::Old,
        }
    }
}

impl fmt::Display for Generation {
    /// `young`, `middle` or `old`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Young => "young",
            Self::Middle => "middle",
            Self::Old => "old",
        })
    }
}

/// No generation has the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchGeneration(
    /// The number.
    pub usize,
);

impl fmt::Display for NoSuchGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no generation {}: they are numbered 0, 1 and 2", self.0)
    }
}

impl core::error::Error for NoSuchGeneration {}

impl TryFrom<usize> for Generation {
    type Error = NoSuchGeneration;

    fn try_from(index: usize) -> Result<Self, NoSuchGeneration> {
        Self::ALL.get(index).copied().ok_or(NoSuchGeneration(index))
    }
}

/// Limbo while no collection has garbage: beyond every index.
const NO_LIMBO: Range<usize> = usize::MAX..usize::MAX;

/// The vector has no room for one more object.
#[derive(Debug)]
pub(crate) struct Full;

/// The objects of one collector, by generation.
///
/// # Invariants
///
/// - An object at index `i` has the slot `i`; an object in no entry has [`NO_SLOT`].
/// - `starts[Old] <= starts[Middle] <= starts[Young] <= entries.len()`; limbo is [`NO_LIMBO`] or ends at
///   `starts[Young]`.
/// - `holes` entries are `None`.
#[derive(Debug)]
pub(crate) struct Generations {
    entries: Vec<Entry>,
    starts: [usize; Generation::COUNT],
    limbo: Range<usize>,
    holes: usize,
}

impl Generations {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), starts: [0; Generation::COUNT], limbo: NO_LIMBO, holes: 0 }
    }

    /// Makes sure that the next [`push`](Self::push) succeeds.
    pub(crate) fn reserve(&mut self) -> Result<(), Full> {
        if self.entries.len() == self.entries.capacity() {
            self.make_room()?;
        }
        Ok(())
    }

    #[cold]
    fn make_room(&mut self) -> Result<(), Full> {
        if self.holes > self.entries.len() / 2 && self.limbo == NO_LIMBO {
            self.compact();
            return Ok(());
        }
        if self.entries.len() >= NO_SLOT as usize - 1 {
            return Err(Full);
        }
        self.entries.try_reserve(1).map_err(|_| Full)
    }

    /// Adds a young object, for which room has been [reserved](Self::reserve).
    pub(crate) fn push(&mut self, object: ObjectRef) {
        object.slot().set(index_to_slot(self.entries.len()));
        self.entries.push(Some(object));
    }

    /// Takes an object out, if it is in.
    pub(crate) fn remove(&mut self, object: ObjectRef) {
        let slot = object.slot().replace(NO_SLOT);
        if slot != NO_SLOT {
            self.entries[slot as usize] = None;
            self.holes += 1;
            self.trim(self.starts[Generation::Young.index()]);
        }
    }

    /// Drops holes from the end, down to `floor`.
    fn trim(&mut self, floor: usize) {
        while self.entries.len() > floor && matches!(self.entries.last(), Some(None)) {
            self.entries.pop();
            self.holes -= 1;
        }
    }

    /// Closes all holes, keeping the order.
    fn compact(&mut self) {
        debug_assert_eq!(self.limbo, NO_LIMBO);
        for start in &mut self.starts {
            *start -= self.entries[..*start].iter().filter(|entry| entry.is_none()).count();
        }
        self.entries.retain(Option::is_some);
        self.holes = 0;
        self.renumber(0..self.entries.len());
    }

    fn renumber(&self, range: Range<usize>) {
        let base = range.start;
        for (offset, entry) in self.entries[range].iter().enumerate() {
            if let Some(object) = entry {
                object.slot().set(index_to_slot(base + offset));
            }
        }
    }

    /// Where a generation's objects lie.
    fn range(&self, generation: Generation) -> Range<usize> {
        let start = self.starts[generation.index()];
        let end = match generation {
            Generation::Young => self.entries.len(),
            Generation::Middle | Generation::Old => self.starts[generation.index() - 1],
        };
        // Limbo lies at the end of the generation that survivors go to.
        if start <= self.limbo.start { start..end.min(self.limbo.start) } else { start..end }
    }

    pub(crate) fn objects(&self, generation: Generation) -> impl Iterator<Item = ObjectRef> {
        self.entries[self.range(generation)].iter().flatten().copied()
    }

    /// The generation that an object is in; `None` when it is untracked, frozen or garbage.
    pub(crate) fn of(&self, object: ObjectRef) -> Option<Generation> {
        let slot = object.slot().get() as usize;
        Generation::ALL.into_iter().find(|&generation| self.range(generation).contains(&slot))
    }

    /// Splits `generation` and all younger ones: what is reachable moves to the next generation, garbage to limbo.
    pub(crate) fn isolate_garbage(&mut self, generation: Generation) -> Split {
        self.merge_younger_into(generation);
        let set = self.starts[generation.index()]..self.entries.len();
        let split = partition::partition(&mut self.entries, set.clone());
        let garbage_start = set.start + split.reachable;
        let garbage_end = garbage_start + split.garbage;
        self.holes -= self.entries.len() - garbage_end;
        self.entries.truncate(garbage_end);
        self.set_limbo(garbage_start..garbage_end);
        // Limbo is at the end of the generation that the reachable ones now belong to; the younger ones are empty.
        self.starts[..generation.next().index()].fill(garbage_end);
        split
    }

    /// Makes all younger objects objects of `generation`. Their slots are wrong until they are partitioned.
    ///
    /// Into the old generation the young ones go before the middle ones: CPython appends them in that order, and
    /// finalizers run in the order that comes of it.
    fn merge_younger_into(&mut self, generation: Generation) {
        if generation == Generation::Old {
            let middle = self.range(Generation::Middle);
            self.entries[middle.start..].rotate_left(middle.len());
        }
        self.starts[..generation.index()].fill(self.entries.len());
    }

    /// Looks at limbo once more: what has become reachable leaves it for the generation that limbo is at the end of.
    pub(crate) fn rescue_resurrected(&mut self) -> Split {
        if self.limbo == NO_LIMBO {
            return Split { reachable: 0, garbage: 0 };
        }
        let split = partition::partition(&mut self.entries, self.limbo.clone());
        self.set_limbo(self.limbo.start + split.reachable..self.limbo.end);
        split
    }

    fn set_limbo(&mut self, limbo: Range<usize>) {
        self.limbo = if limbo.is_empty() { NO_LIMBO } else { limbo };
    }

    /// The entries in limbo.
    pub(crate) fn limbo(&self) -> &[Entry] {
        if self.limbo == NO_LIMBO { &[] } else { &self.entries[self.limbo.clone()] }
    }

    /// Ends a collection: limbo's entries become young holes.
    pub(crate) fn close_limbo(&mut self) {
        let limbo = mem::replace(&mut self.limbo, NO_LIMBO);
        for start in &mut self.starts {
            *start = (*start).min(limbo.start);
        }
        self.trim(self.starts[Generation::Young.index()]);
    }

    /// Ends a collection that could not: what is in limbo, if anything is, goes where survivors go.
    pub(crate) fn abandon_limbo(&mut self) {
        self.limbo = NO_LIMBO;
    }

    /// Moves everything to the frozen stretch, youngest first as CPython's `gc.freeze` does.
    pub(crate) fn freeze(&mut self) {
        let old = self.range(Generation::Old);
        let middle = self.range(Generation::Middle);
        let young = self.range(Generation::Young);
        self.entries[old.start..].rotate_left(old.len());
        self.entries[old.start..old.start + middle.len() + young.len()].rotate_left(middle.len());
        self.renumber(old.start..self.entries.len());
        self.starts = [self.entries.len(); Generation::COUNT];
    }

    /// Moves the frozen stretch to the end of the old generation.
    pub(crate) fn unfreeze(&mut self) {
        let frozen = self.starts[Generation::Old.index()];
        let old_end = self.range(Generation::Old).end;
        self.entries[..old_end].rotate_left(frozen);
        self.renumber(0..old_end);
        self.starts[Generation::Old.index()] = 0;
    }

    pub(crate) fn frozen(&self) -> usize {
        self.entries[..self.starts[Generation::Old.index()]].iter().flatten().count()
    }
}
