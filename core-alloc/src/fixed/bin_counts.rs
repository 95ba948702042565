//! Which bins a region has, by its size, and which one a block is listed in, by its size.
//!
//! ```text
//!   linear: four sizes a bin        large: two bins a doubling      the last: all that is larger
//!   │·│·│·│·│·│·│·│·│·│·│·│·│·│·│·│·│    ·    │    ·    │     ·    │ ·
//!   0                               limit              2 · limit
//! ```

use core::hint::assert_unchecked;

use super::bin_list::Head;
use super::bin_map::BITS;
use super::block::{GRANULE, MIN_SIZE};
use super::magnitude::{magnitude, of_magnitude};

/// The most linear bins of a region: as many as a map has bits. Small regions have fewer.
pub(super) const LINEAR_BINS: usize = BITS;
/// The sizes of a linear bin are as many bytes apart as four sizes are.
pub(super) const LINEAR_STEP: usize = 4 * GRANULE;
/// Sizes below this are theirs, unless the region is small.
pub(super) const LINEAR_LIMIT: usize = LINEAR_BINS * LINEAR_STEP;
/// The last bin begins at this part of the region or a little below, so that it never has many blocks. The linear bins end there
/// at the latest.
const LARGEST_PART: usize = 4;

/// The index of a large bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LargeBin(pub(super) usize);

impl LargeBin {
    /// The bin for free blocks of `size`, were there no last one. The large bins begin at the size with the given log2.
    #[inline(always)]
    const fn of(size: usize, first_log2: u32) -> Self {
        Self(magnitude(size, first_log2 - 1))
    }

    /// The least size of the blocks of a bin.
    const fn smallest(&self, first_log2: u32) -> usize {
        of_magnitude(self.0, first_log2 - 1)
    }
}

/// Which bins a region has.
///
/// # Invariants
///
/// - `limit_log2` is the log2 of a size from [`LINEAR_STEP`] to [`LINEAR_LIMIT`]. Sizes below that are of the linear bins, all others
///   of the large ones.
/// - `linear` is the number of linear bins, each of [`LINEAR_STEP`]: one or more, up to [`LINEAR_BINS`].
/// - `last` is below [`BITS`]. Larger sizes than its own are of that bin, too.
#[derive(Clone, Copy)]
#[repr(align(4))] // So all of it is written at once, which takes less code.
pub(super) struct BinCounts {
    limit_log2: u8,
    linear: u8,
    last: u8,
}

impl BinCounts {
    /// Those of a region with so many bytes for blocks.
    #[expect(clippy::cast_possible_truncation, reason = "a log2 and the number of a bit are small")]
    pub(super) const fn of(bytes: usize) -> Self {
        let largest = limited(bytes / LARGEST_PART, LINEAR_STEP, usize::MAX);
        let limit_log2 = limited(largest, LINEAR_STEP, LINEAR_LIMIT).ilog2();
        let LargeBin(last) = LargeBin::of(largest, limit_log2);
        let linear = (1 << limit_log2) / LINEAR_STEP;
        // INVARIANT: all are limited.
        Self { limit_log2: limit_log2 as u8, linear: linear as u8, last: limited(last, 0, BITS - 1) as u8 }
    }

    #[inline(always)]
    const fn limit_log2(&self) -> u32 {
        let log2 = self.limit_log2 as u32;
        // SAFETY: by the type's invariants; so a shift by it needs no more care.
        unsafe { assert_unchecked(0 < log2 && log2 < usize::BITS) };
        log2
    }

    /// Whether free blocks of `size` are listed in the large bins.
    #[inline(always)]
    pub(super) const fn is_large(&self, size: usize) -> bool {
        size / LINEAR_STEP >= self.linear()
    }

    /// The large bin for free blocks of a large `size`.
    #[inline(always)]
    pub(super) const fn large_bin_of(&self, size: usize) -> LargeBin {
        let LargeBin(bin) = LargeBin::of(size, self.limit_log2());
        LargeBin(if bin < self.last() { bin } else { self.last() })
    }

    /// The index of the last large bin.
    #[inline(always)]
    pub(super) const fn last(&self) -> usize {
        self.last as usize
    }

    /// The number of linear bins.
    #[inline(always)]
    pub(super) const fn linear(&self) -> usize {
        let linear = self.linear as usize;
        // SAFETY: by the type's invariants; so a size that is large is known not to be zero.
        unsafe { assert_unchecked(1 <= linear && linear <= LINEAR_BINS) };
        linear
    }

    /// The number of all.
    pub(super) const fn heads(&self) -> usize {
        self.linear() + self.last() + 1
    }

    /// The bytes of the heads.
    pub(super) const fn heads_len(&self) -> usize {
        self.heads() * size_of::<Head>()
    }

    /// The least size of the blocks in the list of a head.
    pub(super) fn smallest(&self, head: usize) -> usize {
        match head.checked_sub(self.linear()) {
            None => (head * LINEAR_STEP).max(MIN_SIZE),
            Some(bin) => LargeBin(bin).smallest(self.limit_log2()),
        }
    }
}

/// `number`, or the limit that it is beyond.
const fn limited(number: usize, least: usize, most: usize) -> usize {
    if number < least {
        least
    } else if number > most {
        most
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::{BITS, BinCounts, LINEAR_LIMIT, LINEAR_STEP, LargeBin};
    use crate::fixed::block::{GRANULE, MIN_SIZE};

    fn head_of(counts: BinCounts, size: usize) -> usize {
        if counts.is_large(size) {
            let LargeBin(bin) = counts.large_bin_of(size);
            counts.linear() + bin
        } else {
            size / LINEAR_STEP
        }
    }

    #[test]
    fn every_size_has_the_last_bin_that_does_not_begin_above_it() {
        for bytes in [MIN_SIZE, 200, 1000, 2 << 10, 5000, 8 << 10, 64 << 10, 1 << 20, 16 << 20] {
            let counts = BinCounts::of(bytes);
            for size in (MIN_SIZE..bytes.min(200_000)).step_by(if cfg!(miri) { 997 * GRANULE } else { GRANULE }) {
                let beginning_above = (0..counts.heads()).find(|&head| counts.smallest(head) > size);
                assert_eq!(head_of(counts, size) + 1, beginning_above.unwrap_or(counts.heads()), "{size} B of {bytes}");
            }
        }
    }

    #[test]
    fn the_last_bin_begins_at_a_quarter_of_the_region_or_a_little_below() {
        for bytes in (LINEAR_STEP * 8..4 << 20).step_by(if cfg!(miri) { 500_000 } else { 4096 + 8 }) {
            let counts = BinCounts::of(bytes);
            let beginning = counts.smallest(counts.heads() - 1);
            assert!((bytes / 6..=bytes / 4).contains(&beginning), "{beginning} of {bytes} B");
        }
    }

    #[test]
    fn a_large_region_has_all_linear_bins_and_a_small_one_few() {
        let of = |bytes| BinCounts::of(bytes).linear() * LINEAR_STEP;
        assert_eq!(of(4 * LINEAR_LIMIT), LINEAR_LIMIT);
        assert_eq!(of(1 << 30), LINEAR_LIMIT);
        assert_eq!(of(LINEAR_LIMIT), LINEAR_LIMIT / 4);
        assert_eq!(of(0), LINEAR_STEP);
        assert!(BinCounts::of(usize::MAX).last() < BITS);
    }
}
