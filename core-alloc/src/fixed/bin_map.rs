//! Which bins of a kind are not empty: a bit for each, in one word.

use core::hint::assert_unchecked;
use core::ptr::NonNull;

/// The most bins that a map is for.
pub(super) const BITS: usize = usize::BITS as usize;

/// A map of bins, to be copied freely.
///
/// # Invariants
///
/// The pointer leads to a word that nobody else writes to.
#[derive(Clone, Copy)]
pub(super) struct BinMap(NonNull<usize>);

impl BinMap {
    /// The map in a word.
    ///
    /// # Safety
    ///
    /// The word stays valid for reads and writes as long as this or a copy is used, and is written to only by way of those.
    #[inline(always)]
    pub(super) const unsafe fn new(word: NonNull<usize>) -> Self {
        // INVARIANT: by the contract.
        Self(word)
    }

    #[inline(always)]
    pub(super) fn read(self) -> usize {
        // SAFETY: by the type's invariants.
        unsafe { self.0.read() }
    }

    #[inline(always)]
    pub(super) fn write(self, bits: usize) {
        // SAFETY: by the type's invariants.
        unsafe { self.0.write(bits) };
    }

    /// Notes that a bin, which was empty, has a block.
    #[inline(always)]
    pub(super) fn set(self, bit: usize) {
        self.write(self.read() | bit_of(bit));
    }

    /// Notes that a bin, which was empty, is not, or the reverse.
    #[inline(always)]
    pub(super) fn flip(self, bit: usize) {
        self.write(self.read() ^ bit_of(bit));
    }
}

/// The bits of all bins above one, which is less than [`BITS`].
#[inline(always)]
pub(super) fn bits_above(bin: usize) -> usize {
    // SAFETY: there are no more bins of a kind than that.
    unsafe { assert_unchecked(bin < BITS) };
    !1 << bin
}

/// The bit of a bin, which is less than [`BITS`].
#[inline(always)]
fn bit_of(bin: usize) -> usize {
    // SAFETY: there are no more bins of a kind than that.
    unsafe { assert_unchecked(bin < BITS) };
    1 << bin
}
