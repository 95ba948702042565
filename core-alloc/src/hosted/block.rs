//! Free blocks, and lists of them threaded through the blocks themselves.
//!
//! ```text
//!   FreeList ─▶ [ next ─┼─▶ [ next ─┼─▶ [ none |
//!                 block       block       block
//! ```

use core::cell::Cell;
use core::ptr::NonNull;

use super::fatal::fatal;

/// What a free block holds in its first bytes.
struct Link {
    next: Option<NonNull<Link>>,
}

/// A block that nobody uses.
///
/// # Invariants
///
/// The pointer may be used for all of the block, which holds and is aligned for a [`Link`], and whoever has this value
/// is the only one to do so. It is therefore neither `Clone` nor `Copy`.
pub(crate) struct FreeBlock(NonNull<Link>);

impl FreeBlock {
    /// Takes over the block at `start`.
    ///
    /// # Safety
    ///
    /// The caller owns the block, and from now on leaves it alone. `start` may be used for the whole block, which has
    /// the size and alignment of a size class's block.
    #[inline]
    pub(crate) const unsafe fn from_raw(start: NonNull<u8>) -> Self {
        // INVARIANT: by the caller's promise; the assertion below says that every block has room for a link.
        Self(start.cast())
    }

    /// Gives the block away.
    #[inline]
    pub(crate) const fn into_raw(self) -> NonNull<u8> {
        self.0.cast()
    }

    /// The block's address.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }
}

const _: () = {
    assert!(size_of::<Link>() <= crate::SizeClass::MIN_SIZE);
    assert!(align_of::<Link>() <= crate::SizeClass::MIN_SIZE);
};

/// Free blocks, last come first. All zero bytes mean: none.
///
/// # Invariants
///
/// `head` leads to blocks that this list owns as a [`FreeBlock`] does, each with the link to the next.
pub(crate) struct FreeList {
    head: Cell<Option<NonNull<Link>>>,
}

impl FreeList {
    pub(crate) const fn new() -> Self {
        Self { head: Cell::new(None) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }

    #[inline]
    pub(crate) fn push(&self, block: FreeBlock) {
        let link = Link { next: self.head.get() };
        // SAFETY: by `FreeBlock`'s invariant, the memory is ours to write.
        unsafe { block.0.write(link) };
        self.head.set(Some(block.0));
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<FreeBlock> {
        let block = self.head.get()?;
        // SAFETY: by the list's invariant, the block is ours, and `push` or `append` wrote its link.
        let link = unsafe { block.read() };
        self.head.set(link.next);
        // INVARIANT: the list has just let go of the block.
        Some(FreeBlock(block))
    }

    /// Gets all blocks of `other`, and gives up its own, of which there must be none.
    pub(crate) fn replace(&self, other: Self) {
        if !self.is_empty() {
            fatal(format_args!("a refill of a bin that has blocks"));
        }
        self.head.set(other.head.get());
    }

    /// Whether one of the first `count` blocks is at `address`. A plain loop: only debug builds ask, with each free.
    pub(crate) fn begins_with(&self, mut count: usize, address: usize) -> bool {
        let mut next = self.head.get();
        while let Some(block) = next
            && count > 0
        {
            if block.as_ptr().addr() == address {
                return true;
            }
            // SAFETY: by the list's invariant, the block is the list's, and has its link.
            next = unsafe { block.as_ref() }.next;
            count -= 1;
        }
        false
    }

    /// Takes blocks from the front until there are none left.
    pub(crate) fn drain(&self) -> impl Iterator<Item = FreeBlock> {
        core::iter::from_fn(|| self.pop())
    }
}

/// Free blocks in the order in which they were put, with their number.
///
/// # Invariants
///
/// `list` holds `len` blocks, and `last` is the last of them.
pub(crate) struct Chain {
    list: FreeList,
    last: Option<NonNull<Link>>,
    len: usize,
}

impl Chain {
    pub(crate) const fn new() -> Self {
        Self { list: FreeList::new(), last: None, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Puts `block` at the end.
    pub(crate) fn append(&mut self, block: FreeBlock) {
        // SAFETY: by `FreeBlock`'s invariant, the memory is ours to write.
        unsafe { block.0.write(Link { next: None }) };
        match self.last {
            // SAFETY: by the chain's invariant, the last block is ours.
            Some(last) => unsafe { last.write(Link { next: Some(block.0) }) },
            None => self.list.head.set(Some(block.0)),
        }
        self.last = Some(block.0);
        self.len += 1;
    }

    /// The blocks as a list.
    pub(crate) fn into_list(self) -> FreeList {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    type Memory = [u128; 2];

    fn block(memory: &mut Memory) -> FreeBlock {
        // SAFETY: the test keeps its hands off the memory for as long as a list has it.
        unsafe { FreeBlock::from_raw(NonNull::from(memory).cast()) }
    }

    #[test]
    fn a_list_gives_back_the_last_block_first() {
        let mut memory = [[0; 2]; 8];
        let list = FreeList::new();
        let blocks = memory.iter_mut().map(block);
        let mut pushed = Vec::new();
        for block in blocks {
            pushed.push(block.address());
            list.push(block);
        }
        pushed.reverse();
        assert_eq!(list.drain().map(|block| block.address()).collect::<Vec<_>>(), pushed);
        assert!(list.pop().is_none());
    }

    #[test]
    fn a_list_knows_its_first_blocks() {
        let mut memory = [[0; 2]; 8];
        let list = FreeList::new();
        let mut pushed = Vec::new();
        for block in memory.iter_mut().map(block) {
            pushed.push(block.address());
            list.push(block);
        }
        pushed.reverse();
        for (index, &address) in pushed.iter().enumerate() {
            assert!(list.begins_with(index + 1, address));
            assert!(!list.begins_with(index, address));
        }
        assert!(!list.begins_with(100, pushed[0] + 1));
    }

    #[test]
    fn a_chain_keeps_the_order() {
        let mut memory = [[0; 2]; 8];
        let mut chain = Chain::new();
        let mut appended = Vec::new();
        for block in memory.iter_mut().map(block) {
            appended.push(block.address());
            chain.append(block);
        }
        assert_eq!(chain.len(), appended.len());
        assert_eq!(chain.into_list().drain().map(|block| block.address()).collect::<Vec<_>>(), appended);
    }
}
