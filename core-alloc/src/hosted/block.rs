//! Free blocks, and lists of them threaded through the blocks themselves.
//!
//! ```text
//!   FreeList ─▶ [ next ─┼─▶ [ next ─┼─▶ [ none |
//!                 block       block       block
//! ```

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::fatal::{CHECKS, fatal};

/// What a free block holds.
#[repr(C)]
struct Link {
    next: Option<NonNull<Link>>,
    /// In a build that checks, what [`signature`] says, and zero from when the block is handed out.
    signature: usize,
}

/// Where the first block of a list that lies on a [`ListStack`] has the link to the list below: in a build that checks,
/// behind the signature, so that it still shows what the block is.
const BELOW: usize = if CHECKS { size_of::<Link>() } else { offset_of!(Link, signature) };

/// What a block must have room for to be first in a list on a [`ListStack`], in bytes.
pub(crate) const LEAST_STACKED: usize = BELOW + size_of::<Option<NonNull<Link>>>();

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

    /// Writes the link to the next block.
    #[inline]
    fn link_to(&self, next: Option<NonNull<Link>>) {
        // SAFETY: by the type's invariant, the memory is ours to write.
        unsafe { next_of(self.0).write(next) };
        if CHECKS {
            self.sign(signature(self.0, next));
        }
    }

    /// Reads the link to the next block, which [`link_to`](Self::link_to) has written, and makes it void.
    #[inline]
    fn unlink(&self) -> Option<NonNull<Link>> {
        // SAFETY: by the type's invariant, the memory is ours to read, and the link has been written.
        let next = unsafe { next_of(self.0).read() };
        if CHECKS {
            // SAFETY: as above.
            let found = unsafe { signature_of(self.0).read() };
            if found != signature(self.0, next) {
                let address = self.0.addr();
                fatal(format_args!("the free block at {address:#x} has been written to"));
            }
            self.sign(0);
        }
        next
    }

    #[inline]
    fn sign(&self, signature: usize) {
        // SAFETY: by the type's invariant, the memory is ours to write.
        unsafe { signature_of(self.0).write(signature) };
    }

    /// The block alone, as a list.
    pub(crate) fn into_list(self) -> FreeList {
        let list = FreeList::new();
        list.push(self);
        list
    }
}

const _: () = {
    assert!(size_of::<Link>() <= crate::SizeClass::MIN_SIZE && align_of::<Link>() <= crate::SizeClass::MIN_SIZE);
};

/// The place of a block's link.
#[inline]
const fn next_of(block: NonNull<Link>) -> NonNull<Option<NonNull<Link>>> {
    block.cast()
}

/// The place of a block's signature.
#[inline]
const fn signature_of(block: NonNull<Link>) -> NonNull<usize> {
    // SAFETY: every block has room for a `Link`.
    unsafe { block.byte_add(offset_of!(Link, signature)) }.cast()
}

/// The place of the link from the first block of a list to the list below.
const fn below(first: NonNull<Link>) -> NonNull<Option<NonNull<Link>>> {
    // SAFETY: `ListStack::push` has been promised the room.
    unsafe { first.byte_add(BELOW) }.cast()
}

/// Whether `block`, which somebody frees, has the signature of one that is in a list. Never under Miri, which does not let
/// anybody look at bytes that the program has not written.
///
/// # Safety
///
/// `block` has the size and alignment of a size class's block, and is memory that may be read.
#[inline]
pub(crate) unsafe fn is_in_a_list(block: NonNull<u8>) -> bool {
    if cfg!(miri) {
        return false;
    }
    let link = block.cast::<Link>();
    // SAFETY: by the caller's promise. Volatile, so that what is there is read, whoever wrote it last.
    let next = unsafe { next_of(link).read_volatile() };
    // SAFETY: as above.
    let found = unsafe { signature_of(link).read_volatile() };
    found == signature(link, next)
}

/// What tells a link from other bytes, for those who do not know the key.
#[inline]
fn signature(block: NonNull<Link>, next: Option<NonNull<Link>>) -> usize {
    /// Any odd number with bits all over.
    const SPREAD: usize = 0x9E37_79B9;
    let next = next.map_or(0, |next| next.addr().get());
    (block.addr().get().wrapping_mul(SPREAD) ^ next).wrapping_add(KEY.load(Relaxed)) | 1
}

/// Drawn once, before there are blocks.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// Draws the key, from the places where the system has put the program and its stack.
pub(crate) fn draw_key() {
    let on_stack = 0_u8;
    let places = (&raw const on_stack).addr().rotate_left(usize::BITS / 2) ^ (&raw const KEY).addr();
    // Relaxed: whoever gets a block later got it through a lock.
    let _ = KEY.compare_exchange(0, places | 1, Relaxed, Relaxed);
}

/// Free blocks, last come first. All zero bytes mean: none.
///
/// # Invariants
///
/// `head` leads to blocks that this list owns as a [`FreeBlock`] does, each with the link to the next.
pub(crate) struct FreeList {
    head: Cell<Option<NonNull<Link>>>,
}

// SAFETY: the blocks are the list's alone, as by `FreeBlock`'s invariant a block is its value's: they go with it.
unsafe impl Send for FreeList {}

impl FreeList {
    pub(crate) const fn new() -> Self {
        Self { head: Cell::new(None) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }

    #[inline]
    pub(crate) fn push(&self, block: FreeBlock) {
        block.link_to(self.head.get());
        self.head.set(Some(block.0));
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<FreeBlock> {
        let block = self.head.get()?;
        // INVARIANT: the list lets go of the block below.
        let block = FreeBlock(block);
        self.head.set(block.unlink());
        Some(block)
    }

    /// Takes the first block for one who wants no more of it than its address: a page, to which it goes back.
    #[inline]
    pub(crate) fn take_first(&self) -> Option<usize> {
        self.pop().map(|block| block.0.addr().get())
    }

    /// The same, if that block lies in the same `size` bytes as `address`: a power of two, and a multiple of which they
    /// begin at.
    #[inline]
    pub(crate) fn take_first_near(&self, address: usize, size: usize) -> Option<usize> {
        let is_near = |first: &usize| (first ^ address) < size;
        self.first_address().filter(is_near).and_then(|_| self.take_first())
    }

    /// Gets all blocks of `other`, and gives up its own, of which there must be none.
    pub(crate) fn replace(&self, other: Self) {
        if !self.is_empty() {
            fatal(format_args!("a refill of a bin that has blocks"));
        }
        self.head.set(other.head.get());
    }

    /// All blocks; none are left.
    pub(crate) fn take(&self) -> Self {
        Self { head: Cell::new(self.head.take()) }
    }

    /// The list with its number of blocks, which the caller knows.
    pub(crate) const fn into_batch(self, len: usize) -> Batch {
        Batch { list: self, len }
    }

    /// The first block's address.
    #[inline]
    pub(crate) fn first_address(&self) -> Option<usize> {
        self.head.get().map(|block| block.addr().get())
    }
}

/// Free blocks, with their number.
pub(crate) struct Batch {
    pub(crate) list: FreeList,
    pub(crate) len: usize,
}

impl Batch {
    /// No blocks.
    pub(crate) const fn empty() -> Self {
        FreeList::new().into_batch(0)
    }
}

/// Whole lists of free blocks, last come first, each threaded to the one below through its first block. All zero bytes
/// mean: none.
///
/// # Invariants
///
/// `top` leads to the first blocks of lists that this stack owns as a [`FreeList`] does.
pub(crate) struct ListStack {
    top: Cell<Option<NonNull<Link>>>,
}

// SAFETY: the blocks are the stack's alone, as they are a list's.
unsafe impl Send for ListStack {}

impl ListStack {
    pub(crate) const fn new() -> Self {
        Self { top: Cell::new(None) }
    }

    /// Puts a list on top; an empty one is no more seen. Its blocks are of at least [`LEAST_STACKED`] bytes.
    pub(crate) fn push(&self, list: FreeList) {
        let Some(first) = list.head.get() else { return };
        // SAFETY: by the list's invariant the block is ours to write, and it has the room.
        unsafe { below(first).write(self.top.get()) };
        self.top.set(Some(first));
    }

    /// Takes the list on top.
    pub(crate) fn pop(&self) -> Option<FreeList> {
        let first = self.top.get()?;
        // SAFETY: by the stack's invariant, the block is ours, and `push` wrote the link.
        self.top.set(unsafe { below(first).read() });
        // INVARIANT: the stack has just let go of the list.
        Some(FreeList { head: Cell::new(Some(first)) })
    }
}

/// Free blocks in the order in which they were put, with their number.
///
/// # Invariants
///
/// There are `len` blocks, which the chain owns as a [`FreeBlock`] does: from the first to the last one, each has the link
/// to the next, but the last one has none yet.
pub(crate) struct Chain {
    ends: Option<(NonNull<Link>, NonNull<Link>)>,
    len: usize,
}

impl Chain {
    pub(crate) const fn new() -> Self {
        Self { ends: None, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Puts `block` at the end.
    #[inline]
    pub(crate) fn append(&mut self, block: FreeBlock) {
        let first = match self.ends {
            Some((first, last)) => {
                // By the chain's invariant, the last block is the chain's.
                FreeBlock(last).link_to(Some(block.0));
                first
            }
            None => block.0,
        };
        self.ends = Some((first, block.0));
        self.len += 1;
    }

    /// The blocks, no longer to be added to.
    pub(crate) fn into_batch(self) -> Batch {
        let list = FreeList::new();
        if let Some((first, last)) = self.ends {
            FreeBlock(last).link_to(None);
            list.head.set(Some(first));
        }
        list.into_batch(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    type Memory = [u128; 2];

    fn block(memory: &mut Memory) -> FreeBlock {
        draw_key();
        // SAFETY: the test keeps its hands off the memory for as long as a list has it.
        unsafe { FreeBlock::from_raw(NonNull::from(memory).cast()) }
    }

    /// Takes all blocks.
    fn addresses(list: &FreeList) -> Vec<usize> {
        core::iter::from_fn(|| list.pop()).map(|block| block.0.addr().get()).collect()
    }

    #[test]
    fn a_list_gives_back_the_last_block_first() {
        let mut memory = [[0; 2]; 8];
        let list = FreeList::new();
        let blocks = memory.iter_mut().map(block);
        let mut pushed = Vec::new();
        for block in blocks {
            pushed.push(block.0.addr().get());
            list.push(block);
        }
        pushed.reverse();
        assert_eq!(addresses(&list), pushed);
        assert!(list.is_empty());
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads what was never written")]
    fn a_block_is_known_to_be_in_a_list() {
        let mut memory: [Memory; 8] = [[0; 2]; 8];
        let list = FreeList::new();
        let blocks: Vec<_> = memory
            .iter_mut()
            .map(|memory| {
                let block = block(memory);
                let start = block.0.cast::<u8>();
                list.push(block);
                start
            })
            .collect();
        // SAFETY: they are blocks of that size.
        let in_a_list = |&start: &NonNull<u8>| unsafe { is_in_a_list(start) };
        assert_eq!(blocks.iter().filter(|start| in_a_list(start)).count(), if CHECKS { 8 } else { 0 });
        while list.pop().is_some() {}
        assert!(!blocks.iter().any(in_a_list));
    }

    #[test]
    fn a_stack_gives_back_whole_lists_the_last_one_first() {
        let mut memory = [[0; 2]; 9];
        let stack = ListStack::new();
        let mut stacked = Vec::new();
        for three in memory.chunks_mut(3) {
            let list = FreeList::new();
            three.iter_mut().for_each(|memory| list.push(block(memory)));
            stacked.push(list.first_address());
            stack.push(list);
        }
        stack.push(FreeList::new());
        for first in stacked.into_iter().rev() {
            let list = stack.pop().expect("a list");
            assert_eq!((list.first_address(), addresses(&list).len()), (first, 3));
        }
        assert!(stack.pop().is_none());
    }

    #[test]
    fn a_chain_keeps_the_order() {
        let mut memory = [[0; 2]; 8];
        let mut chain = Chain::new();
        let mut appended = Vec::new();
        for block in memory.iter_mut().map(block) {
            appended.push(block.0.addr().get());
            chain.append(block);
        }
        assert_eq!(chain.len(), appended.len());
        assert_eq!(addresses(&chain.into_batch().list), appended);
    }
}
