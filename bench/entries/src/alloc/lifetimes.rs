//! Two threads with blocks of 8 bytes to 64 KiB, as many of every order of magnitude, of which most die young and
//! some live long: the nearest to a server's heap that a page of code comes. One operation is a block, allocated and
//! freed.

use core::hint::black_box;
use std::thread;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const THREADS: usize = 2;
/// Blocks a thread that live for a few allocations.
const YOUNG: usize = 32;
/// Blocks a thread that live for many.
const OLD: usize = 2000;
/// One block in so many lives long.
const LONG_LIVED: usize = 8;

/// Allocates and frees at least `blocks` blocks.
pub(crate) fn run(blocks: usize) -> Outcome {
    let blocks = blocks.div_ceil(THREADS);
    timed(blocks * THREADS, || {
        let threads: Vec<_> = (0..THREADS as u64).map(|seed| thread::spawn(move || live(seed, blocks))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panics")).fold(0, mix)
    })
}

fn live(seed: u64, blocks: usize) -> u64 {
    let mut random = Random::new(seed);
    let mut young: [Option<Block>; YOUNG] = [const { None }; YOUNG];
    let mut old: [Option<Block>; OLD] = [const { None }; OLD];
    let mut checksum = 0;
    for step in 0..blocks {
        let block = black_box(Block::new(random.magnitude(8, 13)));
        let slot = if random.below(LONG_LIVED) == 0 { &mut old[random.below(OLD)] } else { &mut young[step % YOUNG] };
        let died = slot.replace(block);
        checksum = mix(checksum, died.map_or(0, |block| block.mark()));
    }
    checksum
}
