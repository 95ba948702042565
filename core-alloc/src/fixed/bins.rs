//! The free blocks of a region, by size: a table of lists, and maps of those that are not empty.
//!
//! ```text
//!          linear                             large
//!   maps   0 1 0 0 1 1 …                      0 1 …               one bit a bin
//!            │     │ └──────┐                   │
//!   heads  │ │ · · │ …      │               │ · │ …
//!            ▼     ▼        ▼                   ▼
//!          block  block   block ─▶ block       block
//!   sizes  four a bin, as they come           two bins a doubling, the last: all that is larger
//! ```
//!
//! A request takes the first block of the bin of its size, if that is large enough, or else the first one of the first bin
//! above, which has only such: that is nearly the best fit, and one step of arithmetic finds it. Two blocks are looked at in a
//! large bin; in a linear one a few more, but only when there is nothing above. [`BinCounts`] tells how many bins there are.
//!
//! The scheme is the two-level segregated fit of Masmano, Ripoll, Crespo and Real (2004), with one level where sizes are
//! small.

use core::mem::offset_of;
use core::ptr::NonNull;

use super::bin_counts::{BinCounts, LINEAR_BINS, LINEAR_LIMIT, LINEAR_STEP, LargeBin};
use super::bin_list::{First, Head, Last, push, unlink_next};
use super::bin_map::{BinMap, bits_above};
use super::block::{Block, Links, MIN_SIZE};
use super::region_layout::Notes;

/// How many blocks of its bin are looked at for a small request that found nothing else.
const LINEAR_LOOKS: usize = 3;

/// Whether [`BinsRef::pop_small`] is for this size: small, but no less than that of a block.
#[inline(always)]
pub(super) const fn is_small(size: usize) -> bool {
    MIN_SIZE <= size && size < LINEAR_LIMIT
}

/// What is known of a region's bins. Their heads follow in memory: those of the linear bins, then those of the large ones.
///
/// # Invariants
///
/// - Behind this in memory are the heads of all bins that there are by the counts, at which a pointer that was made from the
///   region's own points.
/// - Each head begins a list of free blocks of the region, linked by their [`Links`], of the sizes of the bin.
/// - A bit in a map is set just when the list is not empty.
#[repr(C)]
pub(super) struct Bins {
    large: usize,
    linear: usize,
    pub(super) counts: BinCounts,
    /// The region's own, in bytes that would be lost otherwise.
    pub(super) notes: Notes,
}

impl Bins {
    /// So many, all empty.
    pub(super) const fn new(counts: BinCounts, notes: Notes) -> Self {
        // INVARIANT: there are no heads yet; `create_heads` writes them.
        Self { large: 0, linear: 0, counts, notes }
    }
}

/// A way to the bins of a region, to be copied freely.
///
/// # Invariants
///
/// Here the heads begin, and [`Bins`] lie just before; nobody else follows the pointer, which may be used for all of the
/// region.
#[derive(Clone, Copy)]
pub(super) struct BinsRef(NonNull<Head>);

impl BinsRef {
    /// The bins whose heads begin at `heads`.
    ///
    /// # Safety
    ///
    /// So they do, unless [`create_heads`](Self::create_heads) is called next, and the pointer may be used for all of the region.
    #[inline(always)]
    pub(super) const unsafe fn new(heads: NonNull<u8>) -> Self {
        // INVARIANT: by the contract.
        Self(heads.cast())
    }

    /// Writes the heads of empty lists.
    ///
    /// # Safety
    ///
    /// There is room for them, and [`Bins`] lie before.
    pub(super) unsafe fn create_heads(self) {
        for index in 0..self.counts().heads() {
            // SAFETY: by the contract, there is room.
            unsafe { self.head(index).write(None) };
        }
    }

    #[inline(always)]
    fn place(self) -> NonNull<Bins> {
        // SAFETY: by the type's invariants, they lie just before.
        unsafe { self.0.cast::<Bins>().sub(1) }
    }

    #[inline(always)]
    pub(super) fn bins(&self) -> &Bins {
        // SAFETY: by the type's invariants.
        unsafe { self.place().as_ref() }
    }

    #[inline(always)]
    fn counts(&self) -> &BinCounts {
        &self.bins().counts
    }

    /// Where a head is: of the linear bin `index`, or of a large one behind those.
    #[inline(always)]
    fn head(self, index: usize) -> NonNull<Head> {
        // SAFETY: there are so many.
        unsafe { self.0.add(index) }
    }

    #[inline(always)]
    fn large_head(self, LargeBin(bin): LargeBin) -> NonNull<Head> {
        self.head(self.counts().linear() + bin)
    }

    #[inline(always)]
    fn linear_map(self) -> BinMap {
        // SAFETY: a field of the bins.
        let word = unsafe { self.place().byte_add(offset_of!(Bins, linear)) };
        // SAFETY: it stays there as long as the region.
        unsafe { BinMap::new(word.cast()) }
    }

    #[inline(always)]
    fn large_map(self) -> BinMap {
        // SAFETY: a field of the bins.
        let word = unsafe { self.place().byte_add(offset_of!(Bins, large)) };
        // SAFETY: likewise.
        unsafe { BinMap::new(word.cast()) }
    }

    /// Whether blocks of `size` are listed in the large bins.
    #[inline(always)]
    pub(super) fn is_large(self, size: usize) -> bool {
        self.counts().is_large(size)
    }

    /// The head of the list for free blocks of `size`.
    fn head_for(self, size: usize) -> NonNull<Head> {
        if self.is_large(size) {
            self.large_head(self.counts().large_bin_of(size))
        } else {
            self.head(size / LINEAR_STEP)
        }
    }

    /// Lists a free block of `size`, which is known not to be of the large bins.
    #[inline(always)]
    pub(super) fn link_small(self, block: Block, size: usize) {
        debug_assert!(!self.is_large(size), "{size} B are of a large bin");
        let bin = size / LINEAR_STEP;
        if push(self.head(bin), block) == First::Yes {
            self.linear_map().set(bin);
        }
    }

    /// The same for any block.
    #[inline(never)]
    pub(super) fn link_any(self, block: Block, size: usize) {
        self.link(block, size);
    }

    /// The same, in the midst of the caller's code.
    #[inline(always)]
    pub(super) fn link(self, block: Block, size: usize) {
        let (map, head, bin) = if self.is_large(size) {
            let bin = self.counts().large_bin_of(size);
            (self.large_map(), self.large_head(bin), bin.0)
        } else {
            let bin = size / LINEAR_STEP;
            (self.linear_map(), self.head(bin), bin)
        };
        if push(head, block) == First::Yes {
            map.set(bin);
        }
    }

    /// Takes a free block out of its list.
    #[inline(always)]
    pub(super) fn unlink(self, block: Block) {
        let Links { next, place } = block.links();
        // SAFETY: a listed block's place is a head, or in a listed block.
        unsafe { place.write(next) };
        match next {
            Some(next) => next.set_place(place),
            None => self.note_end_at(place),
        }
    }

    /// A list ends at `place` now. If that is its head, the bin is empty.
    #[inline(always)]
    fn note_end_at(self, place: NonNull<Head>) {
        let index = place.addr().get().wrapping_sub(self.0.addr().get()) / size_of::<Head>();
        let linear = self.counts().linear();
        match index.checked_sub(linear) {
            None => self.linear_map().flip(index),
            Some(large) if large <= self.counts().last() => self.large_map().flip(large),
            Some(_) => {}
        }
    }

    /// Takes a block of `size` or more out of the linear bins, and tells its own size. Of the bin of the size, only the first
    /// block is looked at.
    #[inline(always)]
    pub(super) fn pop_small(self, size: usize) -> Option<(Block, usize)> {
        let bin = size / LINEAR_STEP;
        if bin >= LINEAR_BINS {
            return None;
        }
        let map = self.bins().linear;
        let mut bits = map >> bin << bin;
        while bits != 0 {
            let head = self.head(bits.trailing_zeros() as usize);
            // SAFETY: a head, by the type's invariants; the bit says that there is a block.
            let block = unsafe { head.cast::<Block>().read() };
            let whole = block.tag().size_of_free();
            if whole >= size {
                if unlink_next(head, block) == Last::Yes {
                    self.linear_map().write(map & (bits - 1));
                }
                return Some((block, whole));
            }
            // Only in the first of these bins there are blocks that are too small.
            bits &= bits - 1;
        }
        None
    }

    /// The same out of all bins. Of a large bin of the size, the first two blocks are looked at.
    #[inline(always)]
    pub(super) fn pop(self, size: usize) -> Option<Block> {
        let (map, heads) = (self.large_map(), self.large_head(LargeBin(0)));
        // Any large block will do for a small size.
        let mut sufficient = usize::MAX;
        if self.is_large(size) {
            let LargeBin(bin) = self.counts().large_bin_of(size);
            if let Some(block) = pop_of(map, heads, bin, size) {
                return Some(block);
            }
            sufficient = bits_above(bin);
        } else if let Some(block) = self.pop_linear(size) {
            return Some(block);
        }
        pop_first(map, heads, sufficient)
    }

    /// The same out of the linear bins, for a size that is theirs. Of its own bin, only the first block is looked at.
    #[inline(always)]
    fn pop_linear(self, size: usize) -> Option<Block> {
        let (map, heads, bin) = (self.linear_map(), self.head(0), size / LINEAR_STEP);
        pop_head(map, heads, bin, size).or_else(|| pop_first(map, heads, bits_above(bin)))
    }

    /// Takes one of the first blocks of the bin of a `size` that is of a linear one, if it is of that size or more.
    pub(super) fn pop_rest(self, size: usize) -> Option<Block> {
        let mut place = self.head(size / LINEAR_STEP);
        for _ in 0..LINEAR_LOOKS {
            // SAFETY: a head, or where a listed block has its link.
            let block = unsafe { place.read() }?;
            if block.tag().size_of_free() >= size {
                // The first block does not do, so there is still one.
                let _ = unlink_next(place, block);
                return Some(block);
            }
            place = block.next_place();
        }
        None
    }

    /// The blocks of a list.
    fn blocks(self, head: usize) -> impl Iterator<Item = Block> {
        // SAFETY: a head, by the type's invariants.
        let first = unsafe { self.head(head).read() };
        core::iter::successors(first, |block| block.links().next)
    }

    /// What is in each bin that is not empty.
    pub(super) fn stats(self) -> impl Iterator<Item = BinStats> {
        let bins = (0..self.counts().heads()).map(move |head| {
            let empty = BinStats { smallest: self.counts().smallest(head), blocks: 0, bytes: 0 };
            self.blocks(head).fold(empty, |BinStats { smallest, blocks, bytes }, block| BinStats {
                smallest,
                blocks: blocks + 1,
                bytes: bytes + block.tag().size(),
            })
        });
        bins.filter(|bin| bin.blocks > 0)
    }

    /// Whether the map says that there are blocks in the list of a head.
    fn is_marked(self, head: usize) -> bool {
        let bins = self.bins();
        let (map, bit) = match head.checked_sub(bins.counts.linear()) {
            None => (bins.linear, head),
            Some(large) => (bins.large, large),
        };
        map >> bit & 1 == 1
    }

    /// The number of listed blocks, if the lists are as they must be.
    ///
    /// `is_block` tells whether there is a free block where a link leads.
    pub(super) fn count_verified(self, is_block: impl Fn(Block) -> bool) -> Result<usize, &'static str> {
        let mut count = 0;
        for index in 0..self.counts().heads() {
            let head = self.head(index);
            let mut place = head;
            // SAFETY: a head, by the type's invariants.
            let mut next = unsafe { place.read() };
            if next.is_some() != self.is_marked(index) {
                return Err("the map is wrong about a bin");
            }
            while let Some(block) = next {
                if !is_block(block) {
                    return Err("a link leads to no free block");
                }
                if block.links().place != place || self.head_for(block.tag().size()) != head {
                    return Err("a free block is not where it is listed");
                }
                count += 1;
                (next, place) = (block.links().next, block.next_place());
            }
        }
        Ok(count)
    }
}

/// Takes the first block of a bin, if it is of `size` or more.
#[inline(always)]
fn pop_head(map: BinMap, heads: NonNull<Head>, bin: usize, size: usize) -> Option<Block> {
    // SAFETY: each bin has a head.
    let head = unsafe { heads.add(bin) };
    // SAFETY: a head.
    let first = unsafe { head.read() }?;
    if first.tag().size_of_free() < size {
        return None;
    }
    if unlink_next(head, first) == Last::Yes {
        map.flip(bin);
    }
    Some(first)
}

/// Takes one of the first two blocks of a bin, if it is of `size` or more.
#[inline(always)]
fn pop_of(map: BinMap, heads: NonNull<Head>, bin: usize, size: usize) -> Option<Block> {
    if let Some(first) = pop_head(map, heads, bin, size) {
        return Some(first);
    }
    // SAFETY: each bin has a head.
    let head = unsafe { heads.add(bin) };
    // SAFETY: a head.
    let first = unsafe { head.read() }?;
    let second = first.links().next?;
    if second.tag().size_of_free() < size {
        return None;
    }
    // The first block is still there.
    let _ = unlink_next(first.next_place(), second);
    Some(second)
}

/// Takes the first block of the first bin that is not empty, of those that have their bits among `bits`, in `map`, and their heads
/// at `heads`.
#[inline(always)]
fn pop_first(map: BinMap, heads: NonNull<Head>, bits: usize) -> Option<Block> {
    let all = map.read();
    let bits = all & bits;
    if bits == 0 {
        return None;
    }
    // SAFETY: each bit has a head.
    let head = unsafe { heads.add(bits.trailing_zeros() as usize) };
    // SAFETY: the bit says that there is a block.
    let block = unsafe { head.cast::<Block>().read() };
    if unlink_next(head, block) == Last::Yes {
        map.write(all & !(bits & bits.wrapping_neg()));
    }
    Some(block)
}

/// The free blocks of one bin of a region, as [`Heap::bins`](super::Heap::bins) shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BinStats {
    /// The least size of a block here in bytes, with the heap's own word before it.
    pub smallest: usize,
    /// The number of blocks.
    pub blocks: usize,
    /// The bytes of all of them.
    pub bytes: usize,
}
