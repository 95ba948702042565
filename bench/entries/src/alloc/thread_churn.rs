//! Threads that start, allocate a little, free it, and end: what an allocator must set up and clear away for each. The
//! time of starting a thread is in it, the same for all. One operation is a thread.

use core::hint::black_box;
use std::thread;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// Blocks a thread, all live at once.
const BLOCKS: usize = 100;

/// Starts and ends `threads` threads, one after the other.
pub(crate) fn run(threads: usize) -> Outcome {
    timed(threads, || {
        let short_life = |seed| thread::spawn(move || live(seed)).join().expect("no panics");
        (0..threads as u64).map(short_life).fold(0, mix)
    })
}

fn live(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let blocks: Vec<Block> = (0..BLOCKS).map(|_| black_box(Block::new(random.between(16, 512)))).collect();
    blocks.iter().fold(0, |checksum, block| mix(checksum, block.mark()))
}
