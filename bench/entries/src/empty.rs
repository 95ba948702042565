//! The empty loop: what going round costs where nothing but the thing that is measured is done in a round.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};

/// Goes round `rounds` times, with one value that the compiler must take from and put into memory.
pub(crate) fn run(rounds: usize) -> Outcome {
    timed(rounds, || (0..rounds as u64).fold(0, |sum, round| black_box(round).wrapping_add(sum)))
}
