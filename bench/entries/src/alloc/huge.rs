//! Blocks of 1–8 MiB, a few at a time, of which a random one is replaced: images, buffers, columns of a table. Only the
//! first OS page of each is touched, so it is the cost of getting and giving back that is seen. The window is filled, and
//! some blocks replaced, before the clock starts. One operation is a replacement.

use core::hint::black_box;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const WINDOW: usize = 8;
/// Replacements before the clock starts.
const WARM_UP: usize = 32 * WINDOW;

/// Replaces `replacements` blocks.
pub(crate) fn run(replacements: usize) -> Outcome {
    let mut random = Random::new(5);
    let mut window: Vec<Block> = (0..WINDOW).map(|_| random_block(&mut random)).collect();
    replace(&mut window, WARM_UP, &mut random);
    timed(replacements, || replace(&mut window, replacements, &mut random))
}

fn replace(window: &mut [Block], replacements: usize, random: &mut Random) -> u64 {
    let mut checksum = 0;
    for _ in 0..replacements {
        let slot = random.below(WINDOW);
        checksum = mix(checksum, window[slot].mark());
        window[slot] = black_box(random_block(random));
    }
    checksum
}

fn random_block(random: &mut Random) -> Block {
    Block::new(random.between(1 << 20, 8 << 20))
}
