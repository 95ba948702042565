//! The live blocks of the heap under test, in memory that is not its own.

use core::alloc::Layout;
use core::ptr;

use crate::board;
use crate::entry::{Entry, Heap};

/// A live block.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    start: *mut u8,
    size: usize,
}

/// What a request or a free cost, in instructions.
pub(crate) struct Cost(pub(crate) u32);

/// A heap, and its live blocks in no order.
///
/// # Invariants
///
/// The first `len` of `blocks` are blocks that came from `heap` and were not given back, and whose first and last bytes
/// hold the low byte of the size.
pub(crate) struct Slots {
    heap: Entry,
    blocks: *mut Block,
    len: usize,
    /// The bytes that are live, as they were asked for.
    pub(crate) live: usize,
    /// What all blocks are aligned to.
    pub(crate) align: usize,
}

const MOST: usize = 3 * 1024 * 1024 / size_of::<Block>();

impl Slots {
    pub(crate) fn new() -> Self {
        Self { heap: Entry::NEW, blocks: board::slot_memory().cast(), len: 0, live: 0, align: 8 }
    }

    /// Begins again, with an empty heap over `size` bytes.
    pub(crate) fn begin(&mut self, size: usize) {
        self.heap = Entry::NEW;
        // SAFETY: the memory is set aside for the heap, which is the only one now.
        if !unsafe { self.heap.give(board::heap_memory(), size) } {
            board::print(b"refuses the region\n");
            board::exit(false);
        }
        (self.len, self.live, self.align) = (0, 0, 8);
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    fn place(&self, index: usize) -> *mut Block {
        self.blocks.wrapping_add(index)
    }

    /// Asks for `size` bytes. Says whether they were to be had, and at what cost.
    pub(crate) fn request(&mut self, size: usize) -> (bool, Cost) {
        let layout = layout_of(size, self.align);
        let (start, cost) = board::instructions(|| request(&mut self.heap, layout));
        if start.is_null() || self.len == MOST {
            return (false, Cost(cost));
        }
        let block = Block { start, size };
        block.mark();
        // SAFETY: `len` is below `MOST`, for which there is memory.
        unsafe { self.place(self.len).write(block) };
        self.len += 1;
        self.live += size;
        (true, Cost(cost))
    }

    /// Frees the block at `index`, which the last one takes the place of.
    pub(crate) fn free(&mut self, index: usize) -> Cost {
        self.len -= 1;
        let place = self.place(index);
        // SAFETY: by the invariant.
        let block = unsafe { place.read() };
        // SAFETY: the last block was within `len`.
        let last = unsafe { self.place(self.len).read() };
        // SAFETY: as for the reading.
        unsafe { place.write(last) };
        block.check(self.align);
        self.live -= block.size;
        let layout = layout_of(block.size, self.align);
        // SAFETY: by the invariant.
        let ((), cost) = board::instructions(|| unsafe { release(&mut self.heap, block.start, layout) });
        Cost(cost)
    }

    /// Asks for the block at `index` to have `size` bytes. Says whether it has.
    pub(crate) fn resize(&mut self, index: usize, size: usize) -> bool {
        let place = self.place(index);
        // SAFETY: by the invariant.
        let old = unsafe { place.read() };
        old.check(self.align);
        // SAFETY: by the invariant; the block is forgotten below, unless this is refused.
        let start = unsafe { Heap::resize(&mut self.heap, old.start, layout_of(old.size, self.align), size) };
        if start.is_null() {
            return false;
        }
        let block = Block { start, size };
        block.mark();
        // SAFETY: as for the reading.
        unsafe { place.write(block) };
        self.live = self.live - old.size + size;
        true
    }
}

impl Block {
    fn ends(self) -> [*mut u8; 2] {
        [self.start, self.start.wrapping_add(self.size - 1)]
    }

    fn mark(self) {
        for byte in self.ends() {
            // SAFETY: these bytes are in the block, which is ours.
            unsafe { byte.write(self.size.to_le_bytes()[0]) };
        }
    }

    fn check(self, align: usize) {
        // SAFETY: as in `mark`.
        let intact = self.ends().map(|byte| unsafe { byte.read() } == self.size.to_le_bytes()[0]);
        if intact != [true; 2] || !self.start.addr().is_multiple_of(align) {
            board::print(b"a block is not what it was\n");
            board::exit(false);
        }
    }
}

fn layout_of(size: usize, align: usize) -> Layout {
    // A constant, as in most requests of a program.
    let align = if cfg!(feature = "masked") { align } else { 8 };
    match Layout::from_size_align(size, align) {
        Ok(layout) => layout,
        Err(_) => board::exit(false),
    }
}

/// The call that is measured: as a program calls its global allocator.
#[inline(never)]
fn request(heap: &mut Entry, layout: Layout) -> *mut u8 {
    heap.request(layout)
}

/// The call that is measured.
///
/// # Safety
///
/// As for [`Heap::release`].
#[inline(never)]
unsafe fn release(heap: &mut Entry, block: *mut u8, layout: Layout) {
    // SAFETY: the caller's promise is the one asked for.
    unsafe { heap.release(block, layout) };
}

/// What a measurement of nothing says: the cost of measuring.
pub(crate) fn cost_of_measuring() -> u32 {
    board::instructions(ptr::null::<u8>).1
}
