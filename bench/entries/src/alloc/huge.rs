//! Blocks of 1–8 MiB, a few at a time, of which a random one is replaced: images, buffers, columns of a table. The first
//! and the last byte are written, the rest is not touched, so it is the cost of getting and giving back that is seen.
//! One operation is a replacement.

use core::hint::black_box;

use crate::block::sized;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const WINDOW: usize = 8;

/// Replaces `replacements` blocks.
pub(crate) fn run(replacements: usize) -> Outcome {
    let mut random = Random::new(5);
    let mut window = vec![Vec::new(); WINDOW];
    timed(replacements, || {
        let mut checksum = 0;
        for _ in 0..replacements {
            let size = random.between(1 << 20, 8 << 20);
            let slot = &mut window[random.below(WINDOW)];
            checksum = mix(checksum, slot.first().copied().map_or(0, u64::from));
            *slot = black_box(sized(size, size.to_le_bytes()[1]));
            slot.spare_capacity_mut()[size - 2].write(1);
        }
        checksum
    })
}
