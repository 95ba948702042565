//! The free blocks of a region, by size: a table of lists, and a map of those that are not empty.
//!
//! ```text
//!   map    0 1 0 0 1 1 …                            one bit a bin
//!            │     │ └────────────────────┐
//!   heads  │ │ · · │ …                    │
//!            ▼     ▼                      ▼
//!          block  block ─▶ block        block
//!   sizes  two a bin, as they come      four bins a doubling       the last: all that is larger
//! ```
//!
//! A request takes the first block of the first bin all of whose blocks are large enough: that is nearly the best fit, and
//! one step of arithmetic finds it. Only when there is none, a few blocks are looked at in the bin below, some of
//! which may do. The last bin begins at an eighth of the region or a little below, so it never has more than those.
//!
//! The scheme is the two-level segregated fit of Masmano, Ripoll, Crespo and Real (2004), with one level where sizes are
//! small.

use core::mem::offset_of;
use core::ptr::NonNull;

use super::block::{Block, GRANULE, Links, MIN_SIZE};

const BITS: usize = usize::BITS as usize;
/// The first bins are of two sizes each. They all have their bits in the map's first word.
const LINEAR_BINS: usize = 32;
/// Sizes below this are theirs.
const LINEAR_LIMIT: usize = LINEAR_BINS * LINEAR_STEP;
const LINEAR_STEP: usize = 2 * GRANULE;
/// log2 of the number of bins a doubling.
const STEPS_LOG2: u32 = 2;
/// The words of the map: enough for every bin.
const MAP_WORDS: usize = Bin::of_large(usize::MAX / LARGEST_PART).0 / BITS + 1;
/// The last bin begins at this part of the region.
const LARGEST_PART: usize = 8;
/// How many blocks are looked at in a bin some of whose blocks may be too small: at least all that the last bin can have,
/// which may begin a fifth below that part.
const LOOKS: usize = LARGEST_PART + LARGEST_PART / 4;

/// The index of a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bin(usize);

impl Bin {
    /// The bin for free blocks of a size from [`LINEAR_LIMIT`] on, were there no last one.
    const fn of_large(size: usize) -> Self {
        let log2 = usize::BITS - 1 - size.leading_zeros();
        let step = size >> (log2 - STEPS_LOG2);
        // `step` lies in [4, 8).
        let doubling = (log2 - LINEAR_LIMIT.ilog2()) as usize;
        Self(LINEAR_BINS + (doubling << STEPS_LOG2) + step - (1 << STEPS_LOG2))
    }

    /// The least size of the blocks of a bin.
    const fn smallest(self) -> usize {
        let Some(above) = self.0.checked_sub(LINEAR_BINS) else {
            let smallest = self.0 * LINEAR_STEP;
            return if smallest < MIN_SIZE { MIN_SIZE } else { smallest };
        };
        let step = (1 << STEPS_LOG2) + above % (1 << STEPS_LOG2);
        step << (LINEAR_LIMIT.ilog2() - STEPS_LOG2) << (above >> STEPS_LOG2)
    }

    /// The last bin of a region with so many bytes for blocks.
    const fn last(bytes: usize) -> Self {
        let largest = bytes / LARGEST_PART;
        Self::of_large(if largest < LINEAR_LIMIT { LINEAR_LIMIT } else { largest })
    }
}

/// The bins of a region. Their heads follow this in memory.
///
/// # Invariants
///
/// - Behind this in memory are `last + 1` heads, at which a pointer that was made from the region's own points.
/// - Each head begins a list of free blocks of the region, linked by their [`Links`], of the sizes of the bin.
/// - A bit in the map is set just when the list is not empty.
pub(super) struct Bins {
    map: [usize; MAP_WORDS],
    last: Bin,
}

/// A way to the bins of a region, to be copied freely.
///
/// # Invariants
///
/// Here lie bins; nobody else follows the pointer, which may be used for all of the region.
#[derive(Clone, Copy)]
pub(super) struct BinsRef(NonNull<Bins>);

impl BinsRef {
    /// The bytes of bins for a region with `bytes` for blocks.
    pub(super) const fn len(bytes: usize) -> usize {
        size_of::<Bins>() + (Bin::last(bytes).0 + 1) * size_of::<Option<Block>>()
    }

    /// Writes empty bins.
    ///
    /// # Safety
    ///
    /// At `start`, which is aligned for it, there is room for [`BinsRef::len`] bytes, of a region with at most `bytes` for
    /// blocks, and nobody else uses them.
    pub(super) unsafe fn create(start: NonNull<u8>, bytes: usize) -> Self {
        // INVARIANT: made empty below.
        let bins = Self(start.cast());
        // SAFETY: by the contract.
        unsafe { bins.0.write(Bins { map: [0; MAP_WORDS], last: Bin::last(bytes) }) };
        for index in 0..=bins.last().0 {
            // SAFETY: the heads are within the bytes of the contract.
            unsafe { bins.head(Bin(index)).write(None) };
        }
        bins
    }

    /// The bins at `start`.
    ///
    /// # Safety
    ///
    /// They were created there, with a pointer for all of the region.
    #[inline(always)]
    pub(super) const unsafe fn new(start: NonNull<u8>) -> Self {
        // INVARIANT: by the contract.
        Self(start.cast())
    }

    #[inline(always)]
    fn last(self) -> Bin {
        // SAFETY: by the type's invariants.
        unsafe { self.0.as_ref() }.last
    }

    /// Where a bin's head is.
    #[inline(always)]
    fn head(self, bin: Bin) -> NonNull<Option<Block>> {
        // SAFETY: the heads follow the bins.
        let heads = unsafe { self.0.add(1) }.cast();
        // SAFETY: a bin is at most the last one.
        unsafe { heads.add(bin.0) }
    }

    #[inline(always)]
    fn map_word(self, word: usize) -> NonNull<usize> {
        // SAFETY: a field of the bins.
        let map = unsafe { self.0.byte_add(offset_of!(Bins, map)) };
        // SAFETY: a bin has a bit in the map.
        unsafe { map.cast::<usize>().add(word) }
    }

    /// Lists a free block.
    #[inline(always)]
    pub(super) fn link(self, block: Block, size: usize) {
        if size >= LINEAR_LIMIT {
            return self.link_large(block, size);
        }
        let bin = Bin(size / LINEAR_STEP);
        if self.push(bin, block) == First::Yes {
            self.flip_bit(0, bin.0);
        }
    }

    #[inline(never)]
    fn link_large(self, block: Block, size: usize) {
        let bin = self.large_bin_of(size);
        if self.push(bin, block) == First::Yes {
            self.flip_bit(bin.0 / BITS, bin.0 % BITS);
        }
    }

    fn large_bin_of(self, size: usize) -> Bin {
        Bin::of_large(size).min(self.last())
    }

    /// The bin for free blocks of `size`.
    fn bin_of(self, size: usize) -> Bin {
        if size < LINEAR_LIMIT { Bin(size / LINEAR_STEP) } else { self.large_bin_of(size) }
    }

    /// Puts a block at the front of a list. Says whether it is the first one.
    #[inline(always)]
    fn push(self, bin: Bin, block: Block) -> First {
        let place = self.head(bin);
        // SAFETY: a head, by the type's invariants.
        let next = unsafe { place.read() };
        block.set_links(Links { next, place });
        // SAFETY: likewise.
        unsafe { place.write(Some(block)) };
        match next {
            Some(next) => {
                next.set_place(block.next_place());
                First::No
            }
            None => First::Yes,
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
    #[inline(never)]
    fn note_end_at(self, place: NonNull<Option<Block>>) {
        let heads = self.head(Bin(0)).addr().get();
        let bin = Bin(place.addr().get().wrapping_sub(heads) / size_of::<Option<Block>>());
        if bin <= self.last() {
            self.flip_bit(bin.0 / BITS, bin.0 % BITS);
        }
    }

    #[inline(always)]
    fn flip_bit(self, word: usize, bit: usize) {
        let word = self.map_word(word);
        // SAFETY: a word of the map.
        let bits = unsafe { word.read() };
        // SAFETY: likewise.
        unsafe { word.write(bits ^ (1 << bit)) };
    }

    /// Takes a block of `size` or more out of its list: the first of the first bin that has only such, or else one of a bin
    /// that may have some.
    #[inline(always)]
    pub(super) fn pop(self, size: usize) -> Option<Block> {
        let bin = size.div_ceil(LINEAR_STEP);
        if bin < LINEAR_BINS {
            // SAFETY: a word of the map.
            let map = unsafe { self.map_word(0).read() };
            let bits = map >> bin << bin;
            if bits != 0 {
                return Some(self.pop_first(map, bits));
            }
        }
        self.pop_large(size)
    }

    /// Takes out the first block of the bin of the lowest of `bits`, which are some of the first word of the map.
    #[inline(always)]
    fn pop_first(self, map: usize, bits: usize) -> Block {
        let place = self.head(Bin(bits.trailing_zeros() as usize));
        // SAFETY: a head, by the type's invariants; the bit says that there is a block.
        let block = unsafe { place.cast::<Block>().read() };
        let next = block.links().next;
        // SAFETY: likewise.
        unsafe { place.write(next) };
        match next {
            Some(next) => next.set_place(place),
            // SAFETY: a word of the map.
            None => unsafe { self.map_word(0).write(map ^ (bits & bits.wrapping_neg())) },
        }
        block
    }

    /// [`pop`](Self::pop) from the bins of large blocks.
    #[inline(never)]
    fn pop_large(self, size: usize) -> Option<Block> {
        let above = if size <= LINEAR_LIMIT { Bin(LINEAR_BINS) } else { Bin(Bin::of_large(size - 1).0 + 1) };
        let block = self.first_from(above).or_else(|| self.look_for(size))?;
        self.unlink(block);
        Some(block)
    }

    /// The first block of the first bin from `bin` on that is not empty.
    fn first_from(self, bin: Bin) -> Option<Block> {
        if bin > self.last() {
            return None;
        }
        let mut word = bin.0 / BITS;
        // SAFETY: a word of the map.
        let mut bits = unsafe { self.map_word(word).read() } & (usize::MAX << (bin.0 % BITS));
        while bits == 0 {
            word += 1;
            if word == MAP_WORDS {
                return None;
            }
            // SAFETY: likewise.
            bits = unsafe { self.map_word(word).read() };
        }
        // SAFETY: a head, by the type's invariants.
        unsafe { self.head(Bin(word * BITS + bits.trailing_zeros() as usize)).read() }
    }

    /// The first of some blocks that are listed where blocks of `size` are, if one is large enough.
    fn look_for(self, size: usize) -> Option<Block> {
        self.blocks(self.bin_of(size)).take(LOOKS).find(|block| block.tag().size() >= size)
    }

    /// The blocks of a bin.
    pub(super) fn blocks(self, bin: Bin) -> impl Iterator<Item = Block> {
        // SAFETY: a head, by the type's invariants.
        let first = unsafe { self.head(bin).read() };
        core::iter::successors(first, |block| block.links().next)
    }

    /// What is in each bin that is not empty.
    pub(super) fn stats(self) -> impl Iterator<Item = BinStats> {
        let bins = (0..=self.last().0).map(Bin).map(move |bin| {
            let empty = BinStats { smallest: bin.smallest(), blocks: 0, bytes: 0 };
            self.blocks(bin).fold(empty, |BinStats { smallest, blocks, bytes }, block| BinStats {
                smallest,
                blocks: blocks + 1,
                bytes: bytes + block.tag().size(),
            })
        });
        bins.filter(|bin| bin.blocks > 0)
    }

    /// The number of listed blocks, if the lists are as they must be.
    ///
    /// `is_block` tells whether there is a free block where a link leads.
    pub(super) fn count_verified(self, is_block: impl Fn(Block) -> bool) -> Result<usize, &'static str> {
        let mut count = 0;
        for bin in (0..=self.last().0).map(Bin) {
            // SAFETY: a word of the map.
            let bits = unsafe { self.map_word(bin.0 / BITS).read() };
            let mut place = self.head(bin);
            // SAFETY: a head, by the type's invariants.
            let mut next = unsafe { place.read() };
            if next.is_some() != (bits >> (bin.0 % BITS) & 1 == 1) {
                return Err("the map is wrong about a bin");
            }
            while let Some(block) = next {
                if !is_block(block) {
                    return Err("a link leads to no free block");
                }
                if block.links().place != place || self.bin_of(block.tag().size()) != bin {
                    return Err("a free block is not where it is listed");
                }
                count += 1;
                (next, place) = (block.links().next, block.next_place());
            }
        }
        Ok(count)
    }
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

/// Whether a block is the first of its list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Yes,
    No,
}
