//! Larson's benchmark of a server (Larson and Krishnan, 1998): a window of blocks passes from a thread that ends to a
//! fresh one, which replaces blocks at random. So most frees are of another thread's blocks, and that thread is gone. One
//! operation is a replacement.

use core::hint::black_box;
use std::thread;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// Windows, so threads at a time.
const WINDOWS: u64 = 2;
/// Blocks a window.
const WINDOW: usize = 1000;
/// Replacements a thread, before it passes its window on.
const TERM: usize = 10_000;

/// Replaces at least `replacements` blocks.
pub(crate) fn run(replacements: usize) -> Outcome {
    let terms = replacements.div_ceil(TERM * 2);
    timed(terms * TERM * 2, || {
        let lines: Vec<_> = (0..WINDOWS).map(|seed| thread::spawn(move || line_of_threads(seed, terms))).collect();
        lines.into_iter().map(|line| line.join().expect("no panics")).fold(0, mix)
    })
}

fn line_of_threads(seed: u64, terms: usize) -> u64 {
    let mut random = Random::new(seed);
    let mut window: Vec<Block> = (0..WINDOW).map(|_| random_block(&mut random)).collect();
    let mut checksum = 0;
    for _ in 0..terms {
        let term = thread::spawn(move || {
            let checksum = serve(&mut window, &mut random);
            (window, random, checksum)
        });
        let sum;
        (window, random, sum) = term.join().expect("no panics");
        checksum = mix(checksum, sum);
    }
    checksum
}

fn serve(window: &mut [Block], random: &mut Random) -> u64 {
    let mut checksum = 0;
    for _ in 0..TERM {
        let slot = random.below(WINDOW);
        checksum = mix(checksum, window[slot].mark());
        window[slot] = black_box(random_block(random));
    }
    checksum
}

fn random_block(random: &mut Random) -> Block {
    Block::new(random.between(10, 500))
}
