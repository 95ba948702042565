//! Zeroed blocks, small and large: tables, and `vec![0; n]`. An allocator that knows what is fresh from the operating
//! system need not clear it. A large block is read in the middle only. One operation is a block, allocated and freed.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};
use crate::random::Random;

/// Blocks of 16–1024 bytes.
pub(crate) fn small(blocks: usize) -> Outcome {
    run(blocks, 16, 1024)
}

/// Blocks of 256 KiB to 4 MiB.
pub(crate) fn large(blocks: usize) -> Outcome {
    run(blocks, 256 << 10, 4 << 20)
}

fn run(blocks: usize, smallest: usize, largest: usize) -> Outcome {
    let mut random = Random::new(13);
    timed(blocks, || {
        let mut sum = 0;
        for _ in 0..blocks {
            let size = random.between(smallest, largest);
            let mut block = black_box(vec![0_u8; size]);
            sum += u64::from(block[size / 2]) + 1;
            // What the next block finds here, if nobody clears it.
            block[size / 2] = 1;
            black_box(block);
        }
        sum
    })
}
