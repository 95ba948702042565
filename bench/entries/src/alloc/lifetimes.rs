//! Two threads with blocks of 8 bytes to 64 KiB, as many of every order of magnitude, of which most die young and
//! some live long: the nearest to a server's heap that a page of code comes. One operation is a block, allocated and
//! freed.

use core::hint::black_box;
use std::thread;

use crate::block::sized;
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
    let mut young = vec![Vec::new(); YOUNG];
    let mut old = vec![Vec::new(); OLD];
    let mut checksum = 0;
    for step in 0..blocks {
        let size = random.magnitude(8, 13);
        let block = black_box(sized(size, size.to_le_bytes()[0]));
        let died = if random.below(LONG_LIVED) == 0 {
            core::mem::replace(&mut old[random.below(OLD)], block)
        } else {
            core::mem::replace(&mut young[step % YOUNG], block)
        };
        checksum = mix(checksum, died.first().copied().map_or(0, u64::from));
    }
    checksum
}
