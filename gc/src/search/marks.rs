//! What a search remembers of each object, in an array beside them.
//!
//! ```text
//!                  31  30        29
//!   looked at:      0 │ member │ candidate │ tally of edges
//!   suspected:      0 │ number of the suspect
//!   reached:        1 │ place of the next that was reached and not yet followed
//! ```
//!
//! A *member* is what a candidate leads to: only members are looked at.

use core::cell::Cell;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::memory::try_zeroed;
use crate::object::{ObjectRef, SLOT_LIMIT};
use crate::owner::Owner;
use crate::segment::{SLOTS, SegmentRef};

/// Set in the mark of a place that was reached, or has nothing to be reached.
const REACHED: u32 = 1 << 31;
/// Set in the mark of a place whose edges are tallied.
const MEMBER: u32 = 1 << 30;
/// Set in the mark of a place whose object was a candidate when the search began.
const CANDIDATE: u32 = 1 << 29;
const MAX_TALLY: u32 = CANDIDATE - 1;
/// The end of the stack.
const END: u32 = REACHED | (REACHED - 1);

/// Marks are allocated so many at a time: little enough that one block is soon had, filled and freed.
const BLOCK: u32 = 32 * SLOTS;

/// The place of the first entry of the search's segment with this index.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than SLOT_LIMIT places, as each has a slot")]
pub(crate) fn place(segment: usize) -> u32 {
    segment as u32 * SLOTS
}

/// # Invariants
///
/// `blocks` have a mark for each place. `first_places` has, by the number of a segment, the place of its first entry and
/// one more, or zero if it is not searched.
pub(crate) struct Marks {
    blocks: Vec<Box<[Cell<u32>]>>,
    first_places: Box<[Cell<u32>]>,
    /// The mark of the object that was reached last.
    stack: Cell<u32>,
    owner: Owner,
}

impl Marks {
    /// No marks, for no segments.
    pub(crate) fn none(owner: Owner) -> Self {
        Self { blocks: Vec::new(), first_places: Box::default(), stack: Cell::new(END), owner }
    }

    /// No marks yet, for segments with numbers below `numbers`; `None` when there is no memory for that.
    pub(crate) fn new(numbers: usize, owner: Owner) -> Option<Self> {
        Some(Self { first_places: try_zeroed(numbers)?, ..Self::none(owner) })
    }

    /// Adds marks for the search's segment with this index; says no when there is no memory.
    pub(crate) fn add(&mut self, index: usize, segment: SegmentRef) -> bool {
        let first = place(index);
        if first.is_multiple_of(BLOCK) {
            let block = try_zeroed(BLOCK as usize).filter(|_| self.blocks.try_reserve(1).is_ok());
            let Some(block) = block else { return false };
            self.blocks.push(block);
        }
        self.first_places[(segment.base / SLOTS) as usize].set(first + 1);
        true
    }

    /// Frees the marks of the search's last segments, of which this many are left.
    pub(crate) fn forget_from(&mut self, segments: usize) {
        self.blocks.truncate(place(segments).div_ceil(BLOCK) as usize);
    }

    /// An object's mark, if it is searched.
    #[inline]
    fn of(&self, object: ObjectRef) -> Option<&Cell<u32>> {
        let slot = object.slot().get();
        if slot >= SLOT_LIMIT || !self.owner.owns(object) {
            return None;
        }
        let first = self.first_places.get((slot / SLOTS) as usize)?.get().checked_sub(1)?;
        Some(self.at(first + slot % SLOTS))
    }

    /// Whether an object is searched.
    pub(crate) fn has(&self, object: ObjectRef) -> bool {
        self.of(object).is_some()
    }

    #[inline]
    fn at(&self, place: u32) -> &Cell<u32> {
        &self.blocks[(place / BLOCK) as usize][(place % BLOCK) as usize]
    }

    /// Remembers that there was a candidate.
    pub(crate) fn set_candidate(&self, place: u32) {
        self.at(place).set(CANDIDATE);
    }

    pub(crate) fn is_candidate(&self, place: u32) -> bool {
        self.at(place).get() & CANDIDATE != 0
    }

    /// Whether a member is to be looked at.
    #[inline]
    pub(crate) fn is_member(&self, place: u32) -> bool {
        self.at(place).get() & (REACHED | MEMBER) == MEMBER
    }

    /// Makes an object a member, and says whether it was none.
    #[inline]
    pub(crate) fn admit(&self, place: u32) -> bool {
        let mark = self.at(place);
        mark.replace(mark.get() | MEMBER) & MEMBER == 0
    }

    /// Counts an edge from a member; the target is one, too. Its place, if it was none.
    #[inline]
    pub(crate) fn tally(&self, target: ObjectRef) -> Option<u32> {
        let mark = self.of(target)?;
        let before = mark.get();
        let one = u32::from(before & MAX_TALLY < MAX_TALLY);
        mark.set((before | MEMBER) + one);
        (before & MEMBER == 0).then(|| self.place_of(target))
    }

    /// Reaches an object with counts that are not edges of members; sets those aside that are no members.
    #[inline]
    pub(crate) fn reach_if_held(&self, place: u32, object: ObjectRef) {
        let mark = self.at(place);
        if mark.get() & MEMBER == 0 {
            self.set_aside(place);
        } else if mark.get() < REACHED
            && (mark.get() & MAX_TALLY != object.word().count() || object.word().is_immortal())
        {
            mark.set(self.stack.replace(REACHED | place));
        }
    }

    /// Reaches an object that something reached leads to.
    #[inline]
    pub(crate) fn reach(&self, target: ObjectRef) {
        if let Some(mark) = self.of(target)
            && mark.get() & (REACHED | MEMBER) == MEMBER
        {
            let place = self.place_of(target);
            mark.set(self.stack.replace(REACHED | place));
        }
    }

    /// Where a searched object is.
    #[inline]
    fn place_of(&self, object: ObjectRef) -> u32 {
        let slot = object.slot().get();
        self.first_places[(slot / SLOTS) as usize].get() - 1 + slot % SLOTS
    }

    pub(crate) fn has_reached(&self) -> bool {
        self.stack.get() != END
    }

    /// The place of the object that was reached last and not yet followed.
    #[inline]
    pub(crate) fn pop_reached(&self) -> Option<u32> {
        let top = self.stack.get();
        if top == END {
            return None;
        }
        let place = top & !REACHED;
        self.stack.set(self.at(place).get());
        Some(place)
    }

    /// Says that there is nothing to be suspected in a place.
    #[inline]
    pub(crate) fn set_aside(&self, place: u32) {
        let mark = self.at(place);
        if mark.get() < REACHED {
            mark.set(REACHED);
        }
    }

    pub(crate) fn is_suspect(&self, place: u32) -> bool {
        self.at(place).get() < REACHED
    }

    pub(crate) fn set_number(&self, place: u32, number: u32) {
        self.at(place).set(number);
    }

    /// The number of the suspect in a place, if there is one.
    #[inline]
    pub(crate) fn number(&self, place: u32) -> Option<u32> {
        Some(self.at(place).get()).filter(|&mark| mark < REACHED)
    }

    /// The number of a suspect.
    #[inline]
    pub(crate) fn number_of(&self, object: ObjectRef) -> Option<u32> {
        self.of(object).map(Cell::get).filter(|&mark| mark < REACHED)
    }
}
