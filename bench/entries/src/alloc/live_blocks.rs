//! A thousand to ten million live blocks of 16–64 bytes, of which some are replaced: what the number of live blocks costs.
//!
//! ```text
//!   live blocks  |··············|▒▒ 1000 ▒▒|·····················|        a neighbourhood is busy for a while,
//!                |···|▒▒ 1000 ▒▒|································|        then another one
//! ```
//!
//! Programs that hold a lot are busy with a little of it at a time; so the blocks to be replaced are drawn from a
//! neighbourhood, for so long that the caches know it. Then a time that rises with the number of live blocks is the
//! allocator's doing. Before that, blocks from anywhere were replaced, so that free blocks lie scattered: `replaced
//! anywhere` is what that took, and there everybody's time rises, for whatever is touched is far from the CPU. One
//! operation is a replacement.

use core::hint::black_box;

use crate::block::Block;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const NEIGHBOURHOOD: usize = 1000;
/// Replacements in a neighbourhood.
const STAY: usize = 100 * NEIGHBOURHOOD;

/// Holds `live` blocks, and replaces `replacements` of them in neighbourhoods, after a quarter as many anywhere. The heap
/// is left to the end of the process.
pub(crate) fn run(live: usize, replacements: usize) -> Outcome {
    let mut random = Random::new(53);
    let mut blocks: Vec<Block> = (0..live).map(|_| random_block(&mut random)).collect();
    let everywhere = replacements.div_ceil(4);
    let anywhere = timed(everywhere, || replace(&mut blocks, everywhere, &mut random));
    let mut outcome = timed(replacements, || stay_here_and_there(&mut blocks, replacements, &mut random));
    outcome.checksum = mix(outcome.checksum, anywhere.checksum);
    core::mem::forget(blocks);
    outcome.with("replaced anywhere, ns", anywhere.elapsed.as_nanos() as f64 / everywhere as f64)
}

fn random_block(random: &mut Random) -> Block {
    Block::new(random.between(16, 64))
}

fn stay_here_and_there(blocks: &mut [Block], replacements: usize, random: &mut Random) -> u64 {
    let size = NEIGHBOURHOOD.min(blocks.len());
    let mut left = replacements;
    let mut checksum = 0;
    while left > 0 {
        let start = random.between(0, blocks.len() - size);
        let stay = STAY.min(left);
        checksum = mix(checksum, replace(&mut blocks[start..start + size], stay, random));
        left -= stay;
    }
    checksum
}

fn replace(blocks: &mut [Block], replacements: usize, random: &mut Random) -> u64 {
    let mut checksum = 0;
    for _ in 0..replacements {
        let slot = random.below(blocks.len());
        checksum = mix(checksum, blocks[slot].mark());
        blocks[slot] = black_box(random_block(random));
    }
    checksum
}
