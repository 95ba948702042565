//! All segments of one collector, by number.
//!
//! A slot is a segment's number and an index in it, so an object finds its entry with two loads. Numbers of segments that
//! were freed are used again.

use core::cell::{Cell, RefCell};
use core::ptr;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::memory::try_box;
use crate::object::{ObjectRef, SLOT_LIMIT};
use crate::segment::{Entry, List, SLOTS, Segment, SegmentRef, Use};

/// Empty segments that are kept for when they are needed: so many, and a part of those in use. To get and free them all the
/// time is what many allocators are slow at, since they are larger than most objects.
const SPARE: usize = 16;
const SPARE_PART: usize = 4;

/// # Invariants
///
/// - `table` is where the elements of `owned` lie, which has `Some` for each number in use.
/// - `free_numbers` has the others, and room for all.
pub(crate) struct Segments {
    table: Cell<*const Option<SegmentRef>>,
    owned: RefCell<Vec<Option<SegmentRef>>>,
    free_numbers: RefCell<Vec<u32>>,
    spare: List,
    spares: Cell<usize>,
}

impl Segments {
    pub(crate) fn new() -> Self {
        Self {
            table: Cell::new(ptr::null()),
            owned: RefCell::default(),
            free_numbers: RefCell::default(),
            spare: List::default(),
            spares: Cell::new(0),
        }
    }

    /// The segment of an object that is in one.
    ///
    /// # Safety
    ///
    /// `slot` is an object's slot, or was when its segment came into use.
    #[inline]
    pub(crate) unsafe fn of_slot(&self, slot: u32) -> SegmentRef {
        // SAFETY: by this function's contract the number is in use, so the table has it.
        let segment = unsafe { self.table.get().add((slot / SLOTS) as usize) };
        // SAFETY: as above; nobody writes to the table meanwhile.
        let segment = unsafe { segment.read() };
        // SAFETY: numbers in use have their segment.
        unsafe { segment.unwrap_unchecked() }
    }

    /// What is in a slot.
    ///
    /// # Safety
    ///
    /// As [`of_slot`](Self::of_slot)'s.
    #[inline]
    pub(crate) unsafe fn entry(&self, slot: u32) -> Entry {
        // SAFETY: by this function's contract.
        unsafe { self.of_slot(slot) }.entry(slot)
    }

    /// Makes the entry of an object a hole; the segment that it was in, if there is nothing left in it and nobody is at
    /// work on it.
    ///
    /// The object's slot must be right.
    #[inline]
    pub(crate) fn remove(&self, object: ObjectRef) -> Option<SegmentRef> {
        let slot = object.slot().get();
        // SAFETY: it is the slot of an object in a segment.
        let segment = unsafe { self.of_slot(slot) };
        segment.remove(slot);
        (segment.live() == 0 && segment.used_by.get() == Use::Free).then_some(segment)
    }

    /// The segment of that number, if it is in use.
    pub(crate) fn by_number(&self, number: usize) -> Option<SegmentRef> {
        self.owned.borrow().get(number).copied().flatten()
    }

    /// One past the greatest number in use.
    pub(crate) fn numbers(&self) -> usize {
        self.owned.borrow().len()
    }

    /// An empty segment in no list; `None` when there is no memory or no number for it.
    #[cold]
    pub(crate) fn take(&self) -> Option<SegmentRef> {
        if let Some(segment) = self.spare.first() {
            self.spare.unlink(segment);
            self.spares.set(self.spares.get() - 1);
            segment.used_by.set(Use::Free);
            return Some(segment);
        }
        let number = self.take_number()?;
        let segment = try_box(Segment::new(number * SLOTS));
        // SAFETY: just made, and freed by `give_back` only.
        let segment = segment.ok().map(|segment| unsafe { SegmentRef::new(segment) });
        match segment {
            Some(_) => self.owned.borrow_mut()[number as usize] = segment,
            None => self.free_numbers.borrow_mut().push(number),
        }
        segment
    }

    fn take_number(&self) -> Option<u32> {
        if let Some(number) = self.free_numbers.borrow_mut().pop() {
            return Some(number);
        }
        let mut owned = self.owned.borrow_mut();
        let number = u32::try_from(owned.len()).ok().filter(|&number| number < SLOT_LIMIT / SLOTS)?;
        owned.try_reserve(1).ok()?;
        // So that giving a segment back never takes memory.
        let room = owned.capacity();
        self.free_numbers.borrow_mut().try_reserve(room).ok()?;
        owned.push(None);
        // INVARIANT: the elements may have moved.
        self.table.set(owned.as_ptr());
        Some(number)
    }

    /// Takes back a segment that is in no list.
    #[cold]
    pub(crate) fn give_back(&self, segment: SegmentRef) {
        segment.clear();
        segment.used_by.set(Use::Spare);
        if self.spares.get() < SPARE + self.numbers() / SPARE_PART {
            self.spares.set(self.spares.get() + 1);
            self.spare.append(segment);
        } else {
            self.free(segment);
        }
    }

    /// Frees all that is kept.
    #[cold]
    pub(crate) fn free_spares(&self) {
        while let Some(segment) = self.spare.first() {
            self.spare.unlink(segment);
            self.free(segment);
        }
        self.spares.set(0);
    }

    /// Frees a segment that is in no list.
    fn free(&self, segment: SegmentRef) {
        let number = segment.base / SLOTS;
        self.owned.borrow_mut()[number as usize] = None;
        self.free_numbers.borrow_mut().push(number);
        // SAFETY: it came from `try_box`, and neither a list nor the table leads to it any more.
        drop(unsafe { Box::from_raw(segment.pointer().as_ptr()) });
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        for segment in self.owned.get_mut().drain(..).flatten() {
            // SAFETY: it came from `try_box`; the lists that may lead to it go with this table.
            drop(unsafe { Box::from_raw(segment.pointer().as_ptr()) });
        }
    }
}
