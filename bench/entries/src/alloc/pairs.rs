//! Constant-size pairs: allocate, free, allocate, free. The shortest way through an allocator, and what a program does
//! that boxes a value to pass it on. One operation is a pair.

use core::hint::black_box;

use crate::block::Fixed;
use crate::outcome::{Outcome, timed};

/// `pairs` times: a block of `8 + REST` bytes, marked, read, freed.
pub(crate) fn run<const REST: usize>(pairs: usize) -> Outcome {
    timed(pairs, || {
        let mut sum = 0_u64;
        for mark in 0..pairs as u64 {
            let block = black_box(Fixed::<REST>::boxed(mark));
            sum = sum.wrapping_add(block.mark);
        }
        sum
    })
}

/// The same with a block that is there all the time.
pub(crate) fn loop_alone<const REST: usize>(pairs: usize) -> Outcome {
    let mut block = Fixed::<REST>::boxed(0);
    timed(pairs, || {
        let mut sum = 0_u64;
        for mark in 0..pairs as u64 {
            block.mark = mark;
            block = black_box(block);
            sum = sum.wrapping_add(block.mark);
        }
        sum
    })
}
