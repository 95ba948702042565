//! Where things are in a region, and what it says about itself.
//!
//! ```text
//!  start                                                                                    end
//!    │ header, bins │ heads │ tag, block │ tag, block │ … │ end tag │ lost to alignment │
//!    └──── front ───┴─ the region's pointer
//! ```

use core::mem::offset_of;

use super::bin_counts::BinCounts;
use super::bins::Bins;
use super::block::{GRANULE, MIN_SIZE, TAG_SIZE};
use super::region::Region;
use super::region_kind::RegionKind;

/// No region ends behind this address, so that sums of an address and a size in it cannot overflow.
const LAST_END: usize = usize::MAX - 2 * GRANULE;

/// What a region begins with; the heads of its bins follow.
#[repr(C)]
pub(super) struct Front {
    pub(super) header: Header,
    /// Where [`BinsRef`](super::bins::BinsRef) expects it: just before the heads.
    pub(super) bins: Bins,
}

const _: () = assert!(offset_of!(Front, header) == 0);
const _: () = assert!(size_of::<Front>() >= usize::MAX - LAST_END);
const _: () = assert!(offset_of!(Front, bins) + size_of::<Bins>() == size_of::<Front>());
// So the front is aligned wherever a block's tag is.
const _: () = assert!(align_of::<Front>() == TAG_SIZE && size_of::<Front>().is_multiple_of(TAG_SIZE));

/// What a region says about itself, to those as well who do not have the heap.
///
/// # Invariants
///
/// - The bytes from here up to the block that is `len` bytes behind the front are the region's alone.
/// - From [`first_block_at`] on they are blocks, side by side, up to that one, which has no bytes and is in use.
/// - Each free block has its tag in its last word, and the block behind it has a tag that says so; no two free blocks are
///   neighbours. All free blocks are listed in the bins.
/// - The tags of blocks in use say whether they are large as the bins have it.
/// - Nothing here changes once the region is a heap's.
pub(super) struct Header {
    pub(super) next: Option<Region>,
    /// From the end of the front to the last block.
    pub(super) len: usize,
}

/// How far behind the front the first block begins: behind the heads and its tag.
pub(super) const fn first_block_at(bins: BinCounts) -> usize {
    bins.heads_len() + TAG_SIZE
}

/// What a region notes beside its bins, in two bytes.
#[derive(Clone, Copy)]
pub(super) struct Notes {
    /// What the memory is good for.
    pub(super) kind: RegionKind,
    /// The bytes that alignment took from what the user gave; and [`GROWING`](Self::GROWING).
    lost: u8,
}

impl Notes {
    /// A block could not grow where it is. The next large request is likely to be for its next place.
    const GROWING: u8 = 1 << 6;

    #[expect(clippy::cast_possible_truncation, reason = "alignment does not take that much")]
    pub(super) fn new(kind: RegionKind, lost: usize) -> Self {
        debug_assert!(lost < usize::from(Self::GROWING), "alignment took {lost} B");
        Self { kind, lost: lost as u8 }
    }

    /// The bytes that alignment took from what the user gave.
    pub(super) fn lost(self) -> usize {
        usize::from(self.lost & !Self::GROWING)
    }

    pub(super) const fn is_growing(self) -> bool {
        self.lost & Self::GROWING != 0
    }

    pub(super) const fn growing(self) -> Self {
        Self { lost: self.lost | Self::GROWING, ..self }
    }

    pub(super) const fn not_growing(self) -> Self {
        Self { lost: self.lost & !Self::GROWING, ..self }
    }
}

/// Where things go in a region, as offsets from the end of its front.
pub(super) struct Plan {
    /// The bytes before the front.
    pub(super) skipped: usize,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) bins: BinCounts,
}

impl Plan {
    /// `None` when there is no room for a front, heads, and a block.
    pub(super) fn new(start: usize, size: usize) -> Option<Self> {
        let front_end = start.checked_add(size_of::<Front>())?;
        // By the size of a front, a start before it is not behind the last end.
        let size = size.min(LAST_END - start);
        let end = (start + size) & !(GRANULE - 1);
        let most = end.checked_sub(front_end)?;
        let bins = BinCounts::of(most);
        let first = first_block_at(bins);
        // The front is where the first block comes to lie as blocks must.
        let pad = front_end.wrapping_add(first).wrapping_neg() & (GRANULE - 1);
        let len = most.checked_sub(pad)?;
        (first + MIN_SIZE <= len).then_some(Self { skipped: pad, first, end: len, bins })
    }
}
