//! LIFO runs: 1024 blocks of one size are allocated and then freed, the last one first, as a call tree does with its
//! temporaries. One operation is a block.

use core::hint::black_box;

use crate::block::Fixed;
use crate::outcome::{Outcome, timed};

const RUN: usize = 1024;

/// Runs until at least `blocks` blocks of `8 + REST` bytes were allocated and freed.
pub(crate) fn run<const REST: usize>(blocks: usize) -> Outcome {
    push_and_pop(blocks, Fixed::<REST>::boxed, |block| block.mark)
}

/// The same without blocks: their marks go on the stack and come back.
pub(crate) fn loop_alone(blocks: usize) -> Outcome {
    push_and_pop(blocks, |mark| mark, |mark| mark)
}

fn push_and_pop<B>(blocks: usize, make: impl Fn(u64) -> B, read: impl Fn(B) -> u64) -> Outcome {
    let runs = blocks.div_ceil(RUN);
    let mut stack = Vec::with_capacity(RUN);
    timed(runs * RUN, || {
        let mut sum = 0_u64;
        for run in 0..runs as u64 {
            for mark in 0..RUN as u64 {
                stack.push(black_box(make(run ^ mark)));
            }
            while let Some(block) = stack.pop() {
                sum = sum.wrapping_add(read(block));
            }
        }
        sum
    })
}
