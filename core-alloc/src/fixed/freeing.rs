//! How a region takes a block back.
//!
//! ```text
//!   │ in use │ block │ in use │     │ in use │ block │ free │     │ free │ block │ in use │     │ free │ block │ free │
//!              free                            one free block       one free block               one free block
//! ```
//!
//! Most blocks have two neighbours in use, and are not large: their tag is the bare size. For them, there is a short way.

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
        let tag = block.tag();
        let Some(size) = tag.plain_size() else {
            // SAFETY: as the caller has it.
            let (start, size) = unsafe { self.join_before(block, tag) };
            // SAFETY: likewise.
            return match unsafe { self.mark_free(start, size) } {
                // SAFETY: likewise.
                Some(behind) => unsafe { self.join_behind(start, size, behind) },
                None => self.bins().link(start, size),
            };
        };
        // SAFETY: as the caller has it.
        match unsafe { self.mark_free(block, size) } {
            // SAFETY: likewise.
            Some(behind) => unsafe { self.join_behind(block, size, behind) },
            None => self.bins().link_small(block, size),
        }
    }

    /// Where a block with this tag begins together with the free one before it, if there is one, which is no longer listed then;
    /// and the size of both.
    ///
    /// # Safety
    ///
    /// As for [`give`](Self::give).
    #[inline(always)]
    unsafe fn join_before(self, block: Block, tag: Tag) -> (Block, usize) {
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

    /// Marks a block of `size` as free, unless the one behind it is free: then, nothing has changed, and that is the answer.
    ///
    /// # Safety
    ///
    /// `size` bytes from the tag on are this block, and nobody uses them.
    #[inline(always)]
    unsafe fn mark_free(self, block: Block, size: usize) -> Option<Block> {
        // SAFETY: there is a block behind each but the last.
        let behind = unsafe { block.at(size) };
        let tag = behind.tag();
        if tag.is_free() {
            return Some(behind);
        }
        behind.set_tag(tag.after_free());
        // SAFETY: by the contract.
        unsafe { block.mark_free(size) };
        None
    }

    /// Makes a block of `size` and the free one behind it one free block, and lists that.
    ///
    /// # Safety
    ///
    /// As for [`mark_free`](Self::mark_free).
    #[inline(always)]
    unsafe fn join_behind(self, block: Block, size: usize, behind: Block) {
        let whole = size + behind.tag().size_of_free();
        self.bins().unlink(behind);
        behind.forget_tag();
        // SAFETY: nobody uses either. What is behind both knows already that it is behind a free block.
        unsafe { block.mark_free(whole) };
        self.bins().link(block, whole);
    }

    /// As [`give`](Self::give), for callers to whom the cost of a call is nothing.
    ///
    /// # Safety
    ///
    /// As for that.
    #[inline(never)]
    pub(super) unsafe fn give_back(self, block: Block) {
        // SAFETY: as the caller has it.
        unsafe { self.give(block) };
    }
}
