//! Marks: what there is at an address, in a byte for each page of the address space (the `class_map`).

use crate::SizeClass;

/// What begins at an address, or lies there: blocks of a class, or one of the constants.
///
/// # Invariants
///
/// `self.0 < Mark::COUNT`, so it may index any table with an entry a mark. Zero is [`NOTHING`](Self::NOTHING); behind that
/// come the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u8);

impl Mark {
    /// The number of marks.
    pub(crate) const COUNT: usize = SizeClass::COUNT + 3;

    /// Nothing of this allocator's.
    pub(crate) const NOTHING: Self = Self(0);
    /// The first page of a large block in a region.
    #[cfg(feature = "malloc")]
    pub(crate) const RUN: Self = Self::from_small(Self::COUNT - 2);
    /// The first page of a large block that has a mapping of its own.
    #[cfg(feature = "malloc")]
    pub(crate) const DIRECT: Self = Self::from_small(Self::COUNT - 1);

    /// A page of blocks of `class`.
    #[inline]
    pub(crate) const fn of_class(class: SizeClass) -> Self {
        // INVARIANT: there are more marks than classes.
        Self::from_small(class.index() + 1)
    }

    #[expect(clippy::cast_possible_truncation, reason = "asserted below")]
    const fn from_small(index: usize) -> Self {
        Self(index as u8)
    }

    /// The class of the blocks, if it is these.
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) const fn class(self) -> Option<SizeClass> {
        SizeClass::from_index(self.index().wrapping_sub(1))
    }

    /// The place of this mark in a table with an entry a mark.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The mark as a byte.
    #[cfg(feature = "malloc")]
    pub(crate) const fn into_byte(self) -> u8 {
        self.0
    }

    /// The mark of a byte.
    ///
    /// # Safety
    ///
    /// The byte is zero, or came from [`into_byte`](Self::into_byte).
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) const unsafe fn from_byte(byte: u8) -> Self {
        // INVARIANT: by the caller's promise.
        Self(byte)
    }
}

const _: () = assert!(Mark::COUNT <= 256, "a byte tells all marks apart");

#[cfg(all(test, feature = "malloc"))]
mod tests {
    use super::*;

    #[test]
    fn every_mark_says_what_it_was_made_for() {
        for class in SizeClass::all() {
            assert_eq!(Mark::of_class(class).class(), Some(class));
        }
        for mark in [Mark::NOTHING, Mark::RUN, Mark::DIRECT] {
            assert_eq!(mark.class(), None);
        }
        let indices = SizeClass::all().map(|class| Mark::of_class(class).index());
        assert!([0].into_iter().chain(indices).chain([Mark::RUN.index(), Mark::DIRECT.index()]).eq(0..Mark::COUNT));
    }
}
