//! A window of ten thousand blocks of 8–256 bytes, in which a random one is replaced by one of another random size, over
//! and over: what is left of a program's requests when all structure is taken out of them. Free blocks are found again
//! only where the allocator put them. One operation is a replacement, so one free and one allocation.

use core::hint::black_box;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const WINDOW: usize = 10_000;

/// Replaces `replacements` blocks of a full window, which is filled before the clock starts.
pub(crate) fn run(replacements: usize) -> Outcome {
    replace(Window::<Block>::new(WINDOW, 1), replacements)
}

/// The same without blocks: only their sizes come and go.
pub(crate) fn loop_alone(replacements: usize) -> Outcome {
    replace(Window::<NoBlock>::new(WINDOW, 1), replacements)
}

fn replace<B: Content>(mut window: Window<B>, replacements: usize) -> Outcome {
    timed(replacements, || window.replace(replacements))
}

/// What a window holds.
pub(crate) trait Content {
    /// A block of `size` bytes.
    fn of(size: usize) -> Self;

    /// The last eight bits of its size, which were written to its first byte.
    fn mark(&self) -> u64;
}

impl Content for Block {
    fn of(size: usize) -> Self {
        Self::new(size)
    }

    fn mark(&self) -> u64 {
        self.mark()
    }
}

/// No block, but as much to move about as a [`Block`] is.
struct NoBlock([usize; 2]);

impl Content for NoBlock {
    fn of(size: usize) -> Self {
        Self([size; 2])
    }

    fn mark(&self) -> u64 {
        u64::from(self.0[1].to_le_bytes()[0])
    }
}

/// The blocks of one thread.
pub(crate) struct Window<B> {
    blocks: Vec<B>,
    random: Random,
}

impl<B: Content> Window<B> {
    /// A window, full of `size` blocks.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let blocks = (0..size).map(|_| random_block(&mut random)).collect();
        Self { blocks, random }
    }

    /// Replaces blocks at random; returns a checksum of what was in them.
    pub(crate) fn replace(&mut self, replacements: usize) -> u64 {
        let mut checksum = 0;
        for _ in 0..replacements {
            let slot = self.random.below(self.blocks.len());
            checksum = mix(checksum, self.blocks[slot].mark());
            self.blocks[slot] = black_box(random_block(&mut self.random));
        }
        checksum
    }
}

fn random_block<B: Content>(random: &mut Random) -> B {
    B::of(random.between(8, 256))
}
