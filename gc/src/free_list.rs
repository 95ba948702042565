//! A free list: the memory of objects that are gone, kept for the next ones of their type.
//!
//! Objects come and go much more often than a program's memory grows or shrinks, and to take a block from a list is less
//! than any allocator's work. CPython keeps free lists of its most common types for that; here each type of each collector
//! has one. How long it may be depends on how many objects there are: so much is garbage that waits for the next
//! collection, at most, and will be needed again. An explicit collection of the old generation empties the lists, as it
//! does CPython's.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::prefetch::prefetch;

/// Bytes that any list may keep. Without `std` memory is likely to be scarce; with Miri or a fuzzer whoever uses an object
/// that is gone is to be caught: then none.
const SOME_BYTES: usize = 1 << 20;
const KEEPS: bool = cfg!(all(feature = "std", not(miri), not(fuzzing)));
/// Besides, for so many live objects it may keep the memory of one.
const LIVE_FOR_ONE: usize = 4;

/// Memory that was an object's.
struct Block {
    next: Option<NonNull<Self>>,
    /// Some blocks further on; only a hint, which may be wrong.
    further: Option<NonNull<Self>>,
}

/// How many blocks further on one is fetched when one is taken.
const AHEAD: usize = 8;

/// # Invariants
///
/// `first` leads through all blocks, `len` of them. Each has room for a [`Block`], and is nobody else's.
pub(crate) struct FreeList {
    first: Cell<Option<NonNull<Block>>>,
    len: Cell<usize>,
    /// By the list's length when it was added, modulo their number: the block that was added last. Never followed.
    recent: [Cell<Option<NonNull<Block>>>; AHEAD],
    /// How many blocks it may keep however few objects there are.
    some: usize,
}

impl FreeList {
    /// An empty list of blocks of `size` bytes.
    pub(crate) const fn new(size: usize) -> Self {
        Self {
            first: Cell::new(None),
            len: Cell::new(0),
            recent: [const { Cell::new(None) }; AHEAD],
            some: SOME_BYTES / size,
        }
    }

    /// For how many blocks the list has more room, of a type with so many live objects; below zero when there are fewer
    /// such objects now than there were.
    #[inline]
    pub(crate) const fn room(&self, live: usize) -> isize {
        let limit = if KEEPS { self.some + live / LIVE_FOR_ONE } else { 0 };
        limit.cast_signed() - self.len.get().cast_signed()
    }

    /// The block that was added last. It is the caller's now.
    #[inline]
    pub(crate) fn take(&self) -> Option<NonNull<u8>> {
        let block = self.first.get()?;
        // SAFETY: by the type's invariant it is ours, and `add` has written it.
        let Block { next, further } = unsafe { block.read() };
        further.inspect(|&further| prefetch(further));
        self.first.set(next);
        self.len.set(self.len.get() - 1);
        Some(block.cast())
    }

    /// Takes a block over.
    ///
    /// # Safety
    ///
    /// The block is the caller's, and has the size of two pointers and the alignment of one at least.
    #[inline]
    pub(crate) unsafe fn add(&self, block: NonNull<u8>) {
        let block: NonNull<Block> = block.cast();
        let len = self.len.get();
        let further = self.recent[len % AHEAD].replace(Some(block));
        // SAFETY: by this function's contract.
        unsafe { block.write(Block { next: self.first.get(), further }) };
        // INVARIANT: by this function's contract.
        self.first.set(Some(block));
        self.len.set(len + 1);
    }
}

#[cfg(test)]
mod tests {
    use core::mem::MaybeUninit;

    use super::*;

    #[test]
    fn blocks_are_taken_newest_first_and_each_once() {
        let mut memory = [const { MaybeUninit::<Block>::uninit() }; 3 * AHEAD];
        let blocks: [NonNull<u8>; 3 * AHEAD] = memory.each_mut().map(|block| NonNull::from(block).cast());
        let list = FreeList::new(size_of::<Block>());
        for _ in 0..2 {
            // SAFETY: the blocks are this test's, and large enough.
            blocks.iter().for_each(|&block| unsafe { list.add(block) });
            for &block in blocks.iter().rev() {
                assert_eq!(list.take(), Some(block));
            }
            assert_eq!(list.take(), None);
        }
    }

    #[test]
    fn what_a_list_may_keep_grows_and_falls_with_the_number_of_objects() {
        let list = FreeList::new(1 << 10);
        let room = |live| list.room(live);
        assert_eq!(room(4_000) - room(0), if KEEPS { 1_000 } else { 0 });
        let mut memory = MaybeUninit::<Block>::uninit();
        // SAFETY: the block is this test's, and large enough.
        unsafe { list.add(NonNull::from(&mut memory).cast()) };
        assert_eq!(room(4_000), if KEEPS { (1 << 10) + 1_000 - 1 } else { -1 });
    }
}
