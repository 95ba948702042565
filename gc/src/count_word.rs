//! A strong count and flags in one word.
//!
//! ```text
//!   31    30                          6   5         0
//!  ┌────┬──────────────────────────────┬─────────────┐
//!  │ im │            count             │    flags    │
//!  └────┴──────────────────────────────┴─────────────┘
//! ```
//!
//! The topmost bit marks a count that has reached its limit: the object is immortal. Taken as a signed number such a word
//! is negative, so that one comparison tells the common decrement from both uncommon ones, the last and the immortal.

use core::cell::Cell;

bitflags::bitflags! {
    /// What the collector remembers of one object.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Flags: u32 {
        /// In the set under collection, and not yet known to be reachable; the slot holds the external count.
        const COLLECTING = 1 << 0;
        /// Passed over with an external count of zero: garbage, unless something reachable leads to it.
        const TENTATIVE = 1 << 1;
        /// Its finalizer ran; it never runs again.
        const FINALIZED = 1 << 2;
        /// Has a weak box, which the type info pointer leads to.
        const WEAK = 1 << 3;
        /// Its value is being printed by `Debug`, further up the stack.
        const PRINTING = 1 << 4;
        /// A handle to it was given up while others were left, as happens to whatever becomes garbage in a cycle.
        const CANDIDATE = 1 << 5;
    }
}

/// The count lies above the flags.
const COUNT_SHIFT: u32 = Flags::all().bits().trailing_ones();
const ONE: u32 = 1 << COUNT_SHIFT;
/// The topmost bit: set, the object is immortal.
const IMMORTAL: u32 = 1 << 31;
/// What an immortal object's word is set to whenever a count has moved it: as far from both ends as it can be.
const FAR_IN: u32 = IMMORTAL | IMMORTAL >> 1;

/// Whether a decrement took the last count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Last {
    Yes,
    No,
}

/// A strong count and [`Flags`] in one word.
///
/// A count that reaches its limit stays there: the object is immortal from then on.
pub(crate) struct CountWord(Cell<u32>);

impl CountWord {
    #[inline]
    pub(crate) fn one() -> Self {
        Self(Cell::new(ONE))
    }

    pub(crate) fn zero() -> Self {
        Self(Cell::new(0))
    }

    #[inline]
    pub(crate) fn count(&self) -> u32 {
        (self.0.get() & !IMMORTAL) >> COUNT_SHIFT
    }

    /// The count; of an immortal object, more than there can be handles.
    #[inline]
    pub(crate) fn count_or_huge(&self) -> u32 {
        // The topmost bit is copied downwards.
        (self.0.get().cast_signed() >> COUNT_SHIFT).cast_unsigned()
    }

    #[inline]
    pub(crate) fn is_immortal(&self) -> bool {
        self.0.get() >= IMMORTAL
    }

    #[inline]
    pub(crate) fn increment(&self) {
        let word = self.0.get().wrapping_add(ONE);
        self.0.set(word);
        if word >= IMMORTAL {
            self.stay_immortal();
        }
    }

    /// Takes one count; if others are left, the object is a candidate from now on.
    #[inline]
    pub(crate) fn decrement(&self) -> Last {
        let word = self.0.get().wrapping_sub(ONE) | Flags::CANDIDATE.bits();
        self.0.set(word);
        if word.cast_signed() >= ONE.cast_signed() {
            return Last::No;
        }
        if word >= IMMORTAL {
            self.stay_immortal();
            return Last::No;
        }
        Last::Yes
    }

    /// Keeps the counts that are still made and dropped from ever leading out of immortality.
    #[cold]
    fn stay_immortal(&self) {
        self.0.set(FAR_IN | (self.0.get() & Flags::all().bits()));
    }

    #[inline]
    pub(crate) fn has(&self, flags: Flags) -> bool {
        self.0.get() & flags.bits() != 0
    }

    #[inline]
    pub(crate) fn has_all(&self, flags: Flags) -> bool {
        self.0.get() & flags.bits() == flags.bits()
    }

    /// Takes some flags away and adds others.
    #[inline]
    pub(crate) fn exchange(&self, lost: Flags, gained: Flags) {
        self.0.set(self.0.get() & !lost.bits() | gained.bits());
    }

    #[inline]
    pub(crate) fn insert(&self, flags: Flags) {
        self.0.set(self.0.get() | flags.bits());
    }

    #[inline]
    pub(crate) fn remove(&self, flags: Flags) {
        self.0.set(self.0.get() & !flags.bits());
    }

    #[cfg(test)]
    pub(crate) fn set_count_near_limit(&self) {
        self.0.set((IMMORTAL - ONE) | (self.0.get() & Flags::all().bits()));
    }
}

/// What at least one of some words has.
#[derive(Clone, Copy, Default)]
pub(crate) struct AnyOf(u32);

impl AnyOf {
    #[inline]
    pub(crate) fn add(&mut self, word: &CountWord) {
        self.0 |= word.0.get();
    }

    #[inline]
    pub(crate) fn has(self, flags: Flags) -> bool {
        self.0 & flags.bits() != 0
    }

    #[inline]
    pub(crate) fn has_immortal(self) -> bool {
        self.0 >= IMMORTAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_its_limit_never_changes_again() {
        let word = CountWord::one();
        word.insert(Flags::FINALIZED);
        word.set_count_near_limit();
        assert!(!word.is_immortal());
        word.increment();
        assert!(word.is_immortal());
        for _ in 0..3 {
            assert_eq!(word.decrement(), Last::No);
        }
        word.increment();
        assert!(word.is_immortal() && word.has(Flags::FINALIZED));
    }

    #[test]
    fn no_edges_use_up_an_immortal_objects_count() {
        let (mortal, immortal) = (CountWord::one(), CountWord::one());
        mortal.set_count_near_limit();
        immortal.set_count_near_limit();
        immortal.increment();
        assert_eq!(mortal.count_or_huge(), mortal.count());
        assert!(immortal.count_or_huge() > u32::MAX / 2);
        let mut any = AnyOf::default();
        any.add(&mortal);
        assert!(!any.has_immortal() && !any.has(Flags::WEAK));
        immortal.insert(Flags::WEAK);
        any.add(&immortal);
        assert!(any.has_immortal() && any.has(Flags::WEAK) && !any.has(Flags::FINALIZED));
    }

    #[test]
    fn flags_and_count_do_not_touch_each_other() {
        let word = CountWord::one();
        word.insert(Flags::all());
        word.increment();
        assert_eq!(word.count(), 2);
        assert_eq!(word.decrement(), Last::No);
        word.remove(Flags::WEAK);
        assert!(!word.has(Flags::WEAK) && word.has(Flags::PRINTING));
        assert_eq!(word.decrement(), Last::Yes);
        assert_eq!(word.count(), 0);
    }

    #[test]
    fn a_decrement_that_leaves_counts_makes_a_candidate() {
        let word = CountWord::one();
        word.increment();
        assert!(!word.has(Flags::CANDIDATE));
        assert_eq!(word.decrement(), Last::No);
        assert!(word.has(Flags::CANDIDATE) && word.count() == 1);
    }
}
