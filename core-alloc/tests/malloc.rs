//! `Malloc`: blocks that are freed without their Layout, against a model.

#![cfg(feature = "malloc")]

mod common;

use core::alloc::Layout;
use core::ptr::NonNull;
use mudlark_core_alloc::{Malloc, NotABlock, SizeClass};
use std::thread;

use common::Random;

/// A block that the model knows: its size and what its first and last bytes hold.
struct Block {
    start: NonNull<u8>,
    size: usize,
    align: usize,
    fill: u8,
}

// SAFETY: whoever has the value has the block.
unsafe impl Send for Block {}

impl Block {
    fn new(layout: Layout, zeroed: bool, fill: u8) -> Self {
        let allocate = if zeroed { Malloc::allocate_zeroed } else { Malloc::allocate };
        let start = allocate(layout).expect("memory");
        let mut block = Self { start, size: layout.size(), align: layout.align(), fill: 0 };
        block.check_place();
        if zeroed {
            block.check(block.size);
        }
        block.fill(fill);
        block
    }

    fn check_place(&self) {
        assert_eq!(self.start.addr().get() % self.align, 0, "{} bytes aligned to {}", self.size, self.align);
        // SAFETY: the block is the model's.
        assert!(unsafe { Malloc::usable_size(self.start) }.expect("a block") >= self.size);
    }

    /// The places that are written and looked at.
    fn places(&self, size: usize) -> impl Iterator<Item = NonNull<u8>> {
        let ends = (0..size.min(64)).chain(size.saturating_sub(64)..size);
        // SAFETY: the block is the model's, and as long.
        ends.map(|offset| unsafe { self.start.byte_add(offset) })
    }

    fn fill(&mut self, fill: u8) {
        self.fill = fill;
        // SAFETY: the block is the model's.
        self.places(self.size).for_each(|place| unsafe { place.write(fill) });
    }

    fn check(&self, size: usize) {
        for place in self.places(size) {
            // SAFETY: the place was written, by the model or for `allocate_zeroed`.
            assert_eq!(unsafe { place.read() }, self.fill, "in a block of {} bytes", self.size);
        }
    }

    fn resize(&mut self, size: usize, fill: u8) {
        self.check(self.size);
        let kept = size.min(self.size).min(64);
        // SAFETY: the block is the model's.
        self.start = unsafe { Malloc::resize(self.start, size) }.expect("a block").expect("memory");
        self.align = SizeClass::MIN_SIZE;
        let old = core::mem::replace(&mut self.size, kept);
        self.check(kept.min(old));
        self.size = size;
        self.check_place();
        self.fill(fill);
    }

    fn free(self) {
        self.check(self.size);
        // SAFETY: the block is the model's, who is done with it.
        assert_eq!(unsafe { Malloc::free(self.start) }, Ok(()));
    }
}

/// Mostly small, now and then beyond all regions.
fn some_size(random: &mut Random) -> usize {
    let bits = match random.below(200) {
        0..140 => 8,
        140..180 => 12,
        180..197 => 16,
        _ if cfg!(miri) => 17,
        197..199 => 22,
        _ => 27,
    };
    random.below(1 << bits)
}

fn some_layout(random: &mut Random) -> Layout {
    let align = if random.below(4) == 0 { 16 << random.below(if cfg!(miri) { 8 } else { 20 }) } else { 16 };
    Layout::from_size_align(some_size(random), align).expect("a small size")
}

fn live(seed: u64, blocks: &mut Vec<Block>) {
    let mut random = Random::new(seed);
    for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
        let fill = u8::try_from(random.below(255)).expect("a byte") + 1;
        let chosen = random.below(blocks.len() + 1);
        match random.below(5) {
            0 | 1 if !blocks.is_empty() => blocks.swap_remove(chosen.min(blocks.len() - 1)).free(),
            2 if chosen < blocks.len() => blocks[chosen].resize(some_size(&mut random), fill),
            _ if blocks.len() < 300 => blocks.push(Block::new(some_layout(&mut random), random.below(4) == 0, fill)),
            _ => {}
        }
    }
}

#[test]
fn random_programs_find_every_block_as_they_left_it() {
    let lives = (1..=3_u64).map(|seed| {
        thread::spawn(move || {
            let mut blocks = Vec::new();
            live(seed, &mut blocks);
            blocks
        })
    });
    let threads: Vec<_> = lives.collect();
    // What one thread has allocated, another one goes on with.
    for (seed, thread) in (10..).zip(threads) {
        let mut blocks = thread.join().expect("a thread that ends well");
        live(seed, &mut blocks);
        blocks.into_iter().for_each(Block::free);
    }
}

#[test]
fn a_block_beyond_all_regions_grows_shrinks_and_becomes_small() {
    let largest = if cfg!(miri) { 3 << 20 } else { 200 << 20 };
    let mut block = Block::new(Layout::from_size_align(largest / 2, 16).expect("a Layout"), false, 1);
    for (size, fill) in [largest, largest - 5000, largest / 3, 100, largest].into_iter().zip(2..) {
        block.resize(size, fill);
    }
    block.free();
    for align in [1 << 16, 1 << 23] {
        Block::new(Layout::from_size_align(100, align).expect("a Layout"), true, 9).free();
    }
}

#[test]
fn a_block_of_the_smallest_class_stays_where_it_is() {
    let mut block = Block::new(Layout::from_size_align(16, 16).expect("a Layout"), false, 1);
    let start = block.start;
    block.resize(1, 2);
    block.resize(0, 3);
    assert_eq!(block.start, start);
    block.free();
}

#[test]
fn what_is_no_block_is_left_alone() {
    let mut local = 0_u64;
    let place = NonNull::from(&mut local).cast();
    // SAFETY: there is no block of the allocator's.
    assert_eq!(unsafe { Malloc::free(place) }, Err(NotABlock));
    // SAFETY: as above.
    assert_eq!(unsafe { Malloc::resize(place, 100) }, Err(NotABlock));
    // SAFETY: the address is one of this test's own.
    assert_eq!(unsafe { Malloc::usable_size(place) }, None);
}

#[test]
fn what_cannot_be_had_is_refused() {
    let huge = Layout::from_size_align(isize::MAX as usize - 4095, 4096).expect("a Layout");
    assert_eq!(Malloc::allocate(huge), None);
    assert_eq!(Malloc::allocate_zeroed(huge), None);
    let mut block = Block::new(Layout::from_size_align(1000, 16).expect("a Layout"), false, 7);
    // SAFETY: the block is the test's.
    assert_eq!(unsafe { Malloc::resize(block.start, isize::MAX as usize) }, Ok(None));
    // SAFETY: as above.
    assert_eq!(unsafe { Malloc::resize(block.start, usize::MAX) }, Ok(None));
    block.resize(2000, 8);
    block.free();
}

#[test]
fn a_free_at_hand_is_as_any_other_or_nothing() {
    let layout = |size| Layout::from_size_align(size, 16).expect("a Layout");
    // SAFETY: there is no block at null.
    assert!(!unsafe { Malloc::free_at_hand(core::ptr::null_mut()) });
    let mut local = 0_u64;
    // SAFETY: there is no block of the allocator's.
    assert!(!unsafe { Malloc::free_at_hand((&raw mut local).cast()) });
    for size in [40, 40_000, 40 << 20] {
        for round in 0..if cfg!(miri) { 3 } else { 300 } {
            let block = Block::new(layout(size), false, 5);
            block.check(size);
            // SAFETY: the block is the test's, who leaves it alone if that is what is said.
            if unsafe { Malloc::free_at_hand(block.start.as_ptr()) } {
                assert!(size == 40 && !cfg!(debug_assertions), "{size} bytes in round {round}");
            } else {
                block.free();
            }
        }
    }
}

#[test]
fn a_request_at_hand_is_served_as_any_other() {
    let layout = Layout::from_size_align(40, 16).expect("a Layout");
    Block::new(layout, false, 1).free();
    let start = Malloc::allocate_at_hand(40).expect("the block that was just freed");
    // SAFETY: the block is this test's.
    assert!(unsafe { Malloc::usable_size(start) } >= Some(40));
    // SAFETY: the block is the test's.
    assert_eq!(unsafe { Malloc::free(start) }, Ok(()));
    assert_eq!(Malloc::allocate_at_hand(usize::MAX), None);
}
