//! How a region takes a block back.
//!
//! ```text
//!   │ in use │ block │ in use │     │ in use │ block │ free │     │ free │ block │ in use │     │ free │ block │ free │
//!              free                            one free block       one free block               one free block
//! ```
//!
//! Most blocks have two neighbours in use, and are not large: their tag is the bare size and one bit. For them, there is a
//! short way.

use super::block::{Block, Tag};
use super::region::Region;

impl Region {
    /// Takes a block back, and merges it with its free neighbours.
    ///
    /// # Safety
    ///
    /// The block is in use, and its user parts with it.
    #[inline(always)]
    pub(super) unsafe fn give(self, block: Block) {
        // SAFETY: as the caller has it.
        let (block, size) = unsafe { self.free(block) };
        if let Some(size) = size {
            self.bins().link_small(block, size);
        }
    }

    /// Makes a block free, together with its free neighbours, which are no longer listed then. Where all that begins, and its
    /// size, unless it is large: then it is listed already.
    ///
    /// # Safety
    ///
    /// As for [`give`](Self::give).
    #[inline(always)]
    unsafe fn free(self, block: Block) -> (Block, Option<usize>) {
        let tag = block.tag();
        let (block, size, behind) = if let Some(size) = tag.plain_size() {
            // SAFETY: as the caller has it.
            let Some(behind) = (unsafe { self.end_before(block, size) }) else {
                // SAFETY: likewise.
                unsafe { block.mark_free(size) };
                return (block, Some(size));
            };
            (block, size, Some(behind))
        } else {
            // SAFETY: likewise.
            let (start, size) = unsafe { self.join_before(block, tag) };
            // SAFETY: likewise.
            (start, size, unsafe { self.end_before(start, size) })
        };
        let size = match behind {
            Some(behind) => self.join_behind(size, behind),
            None => size,
        };
        // SAFETY: likewise.
        unsafe { block.mark_free(size) };
        if self.bins().is_large(size) {
            self.bins().link_any(block, size);
            return (block, None);
        }
        (block, Some(size))
    }

    /// Lets the block behind one of `size` know that it is behind a free one, unless it is free itself: then, nothing has
    /// changed, and that is the answer.
    ///
    /// # Safety
    ///
    /// As for [`give`](Self::give).
    #[inline(always)]
    unsafe fn end_before(self, block: Block, size: usize) -> Option<Block> {
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(size) };
        let tag = behind.tag();
        if tag.is_free() {
            return Some(behind);
        }
        behind.set_tag(tag.after_free());
        None
    }

    /// The size of a block together with the free one behind it, which is no longer listed then. What is behind that knows
    /// already that it is behind a free block.
    #[inline(always)]
    fn join_behind(self, size: usize, behind: Block) -> usize {
        let behind_size = behind.tag().size_of_free();
        self.bins().unlink(behind);
        behind.forget_tag();
        size + behind_size
    }

    /// Where a block with this tag begins together with the free one before it, if there is one, which is no longer listed then;
    /// and the size of both.
    ///
    /// # Safety
    ///
    /// As for [`give`](Self::give).
    #[inline(always)]
    pub(super) unsafe fn join_before(self, block: Block, tag: Tag) -> (Block, usize) {
        if !tag.is_after_free() {
            return (block, tag.size());
        }
        // SAFETY: the tag says that there is a free block before.
        let (before, before_size) = unsafe { block.before() };
        block.forget_tag();
        let size = before_size + tag.size();
        self.bins().unlink(before);
        (before, size)
    }
}
