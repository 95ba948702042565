//! Zeroed blocks, small and large: tables, and `vec![0; n]`. An allocator that knows what is fresh from the operating
//! system need not clear it. A block is read, and written to, in the middle only. One operation is a block, allocated and
//! freed.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};
use crate::random::Random;

/// Blocks of 64 bytes to 4 KiB, as many of every order of magnitude.
pub(crate) fn small(blocks: usize) -> Outcome {
    run(blocks, 64, 6)
}

/// Blocks of 4 KiB to 1 MiB, as many of every order of magnitude.
pub(crate) fn large(blocks: usize) -> Outcome {
    run(blocks, 4 << 10, 8)
}

fn run(blocks: usize, smallest: usize, doublings: usize) -> Outcome {
    let mut random = Random::new(13);
    timed(blocks, || {
        let mut sum = 0;
        for _ in 0..blocks {
            let size = random.magnitude(smallest, doublings);
            let mut block = black_box(vec![0_u8; size]);
            sum += u64::from(block[size / 2]) + 1;
            // What the next block finds here, if nobody clears it.
            block[size / 2] = 1;
            black_box(block);
        }
        sum
    })
}
