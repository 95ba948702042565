//! A walk over a region, to show what is in it, and to find damage.

use core::fmt;
use core::num::NonZero;

use super::block::{Block, GRANULE, MIN_SIZE};
use super::region::Region;

/// A block of a heap, as [`Heap::parts`](super::Heap::parts) shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub start: NonZero<usize>,
    /// Its size in bytes, with the heap's own word before it.
    pub size: usize,
    /// Whether it was handed out.
    pub in_use: bool,
}

/// What [`Heap::verify`](super::Heap::verify) found: somebody wrote to memory that was not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The block at or just before which it is.
    pub near: NonZero<usize>,
    /// What is wrong there.
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mudlark: the heap is damaged near {:#x}: {}", self.near, self.what)
    }
}

impl core::error::Error for Damage {}

/// The blocks of a region.
pub(super) fn parts(region: Region) -> impl Iterator<Item = Part> {
    region.blocks().map(|block| {
        let tag = block.tag();
        Part { start: block.start().addr(), size: tag.size(), in_use: !tag.is_free() }
    })
}

/// Looks at all that the heap has written in a region.
pub(super) fn verify(region: Region) -> Result<(), Damage> {
    let free = verify_blocks(region)?;
    verify_bins(region, free)
}

/// Looks at the tags of all blocks, in their order; returns the number of free ones.
fn verify_blocks(region: Region) -> Result<usize, Damage> {
    let (mut block, end) = region.bounds();
    let (mut free, mut after_free) = (0, false);
    while block != end {
        let tag = block.tag();
        let size = tag.size();
        let damage = |what| Err(Damage { near: block.start().addr(), what });
        if size < MIN_SIZE || size > end.address() - block.address() {
            return damage("a block's size is not one that it can have");
        }
        if tag.is_after_free() != after_free {
            return damage("a block is wrong about the one before it");
        }
        if !tag.is_free() && tag.is_large() != region.bins().is_large(size) {
            return damage("a block in use is wrong about being large");
        }
        if tag.is_free() {
            if after_free {
                return damage("two free blocks did not merge");
            }
            if block.tag_at_end(tag) != tag {
                return damage("a free block's last word is not its tag");
            }
            free += 1;
        }
        after_free = tag.is_free();
        // SAFETY: by its size, it ends at or before the end; so there is a block behind.
        block = unsafe { block.at(size) };
    }
    if end.tag().size() != 0 || end.tag().is_free() || end.tag().is_after_free() != after_free {
        return Err(Damage { near: end.start().addr(), what: "the region's end is not marked" });
    }
    Ok(free)
}

/// Looks at the lists of free blocks, of which there are `free`.
fn verify_bins(region: Region, free: usize) -> Result<(), Damage> {
    let (first, end) = region.bounds();
    let is_block = |block: Block| {
        let address = block.address();
        (first.address()..end.address()).contains(&address) && address.is_multiple_of(GRANULE) && block.tag().is_free()
    };
    let near = first.start().addr();
    let listed = region.bins().count_verified(is_block).map_err(|what| Damage { near, what })?;
    if listed == free { Ok(()) } else { Err(Damage { near, what: "not all free blocks are listed" }) }
}
