//! Fill, free 90 % at random, hold: what a program keeps after its peak. The blocks that stay lie scattered, so what can go
//! back to the operating system are at best single OS pages. The figure `resident/live` is the memory the process has
//! then, less what it had at the start, for each byte that is live. One operation is a block, allocated or freed.

use crate::block::sized;
use crate::memory;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// Fills with `blocks` blocks of 16–1024 bytes, and frees nine of ten.
pub(crate) fn run(blocks: usize) -> Outcome {
    let before = memory::resident();
    let mut random = Random::new(17);
    let mut held = Vec::with_capacity(blocks);
    let mut live = 0;
    let outcome = timed(blocks * 19 / 10, || {
        fill(&mut held, blocks, &mut random);
        free_nine_of_ten(&mut held, &mut random);
        live = held.iter().map(Vec::capacity).sum::<usize>();
        held.iter().fold(live as u64, |checksum, block| mix(checksum, u64::from(block[0])))
    });
    let bookkeeping = held.capacity() * size_of::<Vec<u8>>();
    let resident = memory::resident().saturating_sub(before).saturating_sub(bookkeeping);
    outcome.with("resident/live", resident as f64 / live as f64)
}

fn fill(held: &mut Vec<Vec<u8>>, blocks: usize, random: &mut Random) {
    for _ in 0..blocks {
        let size = random.between(16, 1024);
        held.push(sized(size, size.to_le_bytes()[0]));
    }
}

fn free_nine_of_ten(held: &mut Vec<Vec<u8>>, random: &mut Random) {
    for _ in 0..held.len() * 9 / 10 {
        held.swap_remove(random.below(held.len()));
    }
}
