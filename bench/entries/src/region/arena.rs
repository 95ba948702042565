//! A heap with a region of its own, and blocks that cannot outlive it, or be freed as what they are not.

use std::alloc::{self, Layout, handle_alloc_error};
use std::ptr::NonNull;

use crate::region::entry::Entry;

/// A heap over a region: what an entry of this group is.
pub(crate) trait Heap {
    /// A heap that has the `size` bytes from `start` on to give out.
    ///
    /// # Safety
    ///
    /// The bytes are valid for reads and writes and nobody else's, as long as the heap or one of its blocks is used.
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self;

    /// A block, or `None` when it is refused.
    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` came from `request` of this heap for the same layout, and is used no more.
    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout);
}

/// The entry's heap, the region it is over, and slots for its blocks.
///
/// # Invariants
///
/// - `region` was allocated from the system for `layout`, and is the heap's alone.
/// - A block in a slot came from the heap, for the layout of the block's size, and is used by nobody else.
pub(crate) struct Arena {
    heap: Entry,
    slots: Vec<Option<Block>>,
    region: NonNull<u8>,
    layout: Layout,
    live: usize,
}

struct Block {
    start: NonNull<u8>,
    size: usize,
}

impl Block {
    fn layout(&self) -> Layout {
        layout_of(self.size)
    }

    fn mark(&self) -> u8 {
        self.size.to_le_bytes()[0]
    }
}

fn layout_of(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("a size below the region's")
}

impl Arena {
    /// A fresh heap over a region of `size` bytes, with empty slots.
    pub(crate) fn new(size: usize, slots: usize) -> Self {
        let layout = Layout::from_size_align(size, size).expect("a power of two");
        // SAFETY: the layout is not empty.
        let Some(region) = NonNull::new(unsafe { alloc::alloc(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: the region has `size` bytes. Writing them makes the system find memory for them now.
        unsafe { region.write_bytes(0xA5, size) };
        // SAFETY: the region is ours, and is given back only when the arena, so the heap, is dropped.
        let heap = unsafe { Entry::over(region, size) };
        let slots = core::iter::repeat_with(|| None).take(slots).collect();
        // INVARIANT: the region is just allocated, and the slots are empty.
        Self { heap, slots, region, layout, live: 0 }
    }

    /// Bytes that were asked for and are live.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Bytes of the region.
    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }

    /// The number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Adds an empty slot.
    pub(crate) fn add_slot(&mut self) -> usize {
        self.slots.push(None);
        self.slots.len() - 1
    }

    /// Frees what is in a slot, and gives the last slot its number.
    pub(crate) fn remove_slot(&mut self, slot: usize) {
        self.free(slot);
        self.slots.swap_remove(slot);
    }

    /// Puts a block of `size` bytes into a slot that is empty. False when it was refused.
    pub(crate) fn allocate(&mut self, slot: usize, size: usize) -> bool {
        let Some(start) = self.heap.request(layout_of(size)) else { return false };
        let block = Block { start, size };
        let mark = block.mark();
        // SAFETY: the block has at least one byte, and is ours.
        unsafe { start.write(mark) };
        // SAFETY: the last byte of the block lies in it.
        let last = unsafe { start.add(size - 1) };
        // SAFETY: as for the first byte.
        unsafe { last.write(mark) };
        self.live += size;
        // INVARIANT: the block is new, and of that layout.
        self.slots[slot] = Some(block);
        true
    }

    /// Frees what is in a slot, if anything.
    ///
    /// # Panics
    ///
    /// When the block's first or last byte is not what was written there.
    pub(crate) fn free(&mut self, slot: usize) {
        let Some(block) = self.slots[slot].take() else { return };
        // SAFETY: by the invariant the block is live, and its first byte was written.
        let first = unsafe { block.start.read() };
        // SAFETY: the last byte of the block lies in it.
        let last = unsafe { block.start.add(block.size - 1) };
        // SAFETY: as for the first byte.
        let last = unsafe { last.read() };
        assert!(first == block.mark() && last == block.mark(), "a live block was written to by somebody else");
        self.live -= block.size;
        // SAFETY: by the invariant; the slot is empty now.
        unsafe { self.heap.release(block.start, block.layout()) };
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: by the invariant. The heap and its blocks are not used again: dropping them does nothing.
        unsafe { alloc::dealloc(self.region.as_ptr(), self.layout) };
    }
}
