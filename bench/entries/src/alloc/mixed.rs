//! A window of blocks of 8–256 bytes, in which a random one is replaced by one of another random size, over and over:
//! what is left of a program's requests when all structure is taken out of them. Free blocks are found again only where
//! the allocator put them. One operation is a replacement, so one free and one allocation.

use core::hint::black_box;

use crate::block::sized;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const WINDOW: usize = 4096;

/// Replaces `replacements` blocks of a full window, which is filled before the clock starts.
pub(crate) fn run(replacements: usize) -> Outcome {
    let mut window = Window::new(1);
    timed(replacements, || window.replace(replacements))
}

/// The blocks of one thread.
pub(crate) struct Window {
    blocks: Vec<Vec<u8>>,
    random: Random,
}

impl Window {
    /// A full window.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let blocks = (0..WINDOW).map(|_| random_block(&mut random)).collect();
        Self { blocks, random }
    }

    /// Replaces blocks at random; returns a checksum of what was in them.
    pub(crate) fn replace(&mut self, replacements: usize) -> u64 {
        let mut checksum = 0;
        for _ in 0..replacements {
            let slot = self.random.below(WINDOW);
            checksum = mix(checksum, u64::from(self.blocks[slot][0]));
            self.blocks[slot] = black_box(random_block(&mut self.random));
        }
        checksum
    }
}

fn random_block(random: &mut Random) -> Vec<u8> {
    let size = random.between(8, 256);
    sized(size, size.to_le_bytes()[0])
}
