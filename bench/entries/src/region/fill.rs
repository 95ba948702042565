//! An empty region fills under churn, two requests to a free, until the first request is refused. `live share` is how much
//! of the region was live then, in bytes that were asked for: what a heap takes for itself and for its classes, and what
//! fragmentation costs, are what is missing. It is the mean over many fillings. One operation is a request or a free.
//!
//! The walk is drawn before, until no heap could go along any further; the checksum is of all of it, for where a heap
//! stops is its own affair.

use std::time::{Duration, Instant};

use crate::outcome::{Outcome, mix};
use crate::random::Random;
use crate::region::arena::Arena;
use crate::region::sizes::Sizes;

/// Fills regions of `region` bytes, `fillings` of them.
pub(crate) fn run(region: usize, sizes: Sizes, fillings: usize) -> Outcome {
    let mut outcome = Outcome { operations: 0, elapsed: Duration::ZERO, checksum: 0, figures: Vec::new() };
    let mut shares = 0.0;
    for seed in 0..fillings as u64 {
        let walk = walk(region, sizes, seed);
        outcome.checksum = walk.iter().fold(outcome.checksum, |checksum, step| mix(checksum, step.number()));
        let mut arena = Arena::new(region, 0);
        let start = Instant::now();
        outcome.operations += fill(&mut arena, &walk);
        outcome.elapsed += start.elapsed();
        shares += arena.live() as f64 / arena.size() as f64;
    }
    outcome.with("live share at the first refusal", shares / fillings as f64)
}

#[derive(Clone, Copy)]
enum Step {
    /// For so many bytes.
    Request(usize),
    /// Of what is in the slot, which the last one moves to.
    Free(usize),
}

impl Step {
    fn number(self) -> u64 {
        match self {
            Self::Request(size) => 2 * size as u64,
            Self::Free(slot) => 2 * slot as u64 + 1,
        }
    }
}

/// Steps until more would be live than the region has bytes.
fn walk(region: usize, sizes: Sizes, seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut slots: Vec<usize> = Vec::new();
    let mut live = 0;
    let mut walk = Vec::new();
    while live <= region {
        if random.below(3) == 0 && !slots.is_empty() {
            let slot = random.below(slots.len());
            live -= slots.swap_remove(slot);
            walk.push(Step::Free(slot));
        } else {
            let size = sizes.next(region, &mut random);
            live += size;
            slots.push(size);
            walk.push(Step::Request(size));
        }
    }
    walk
}

/// Goes along until the first refusal; returns the number of operations.
fn fill(arena: &mut Arena, walk: &[Step]) -> usize {
    for (taken, step) in walk.iter().enumerate() {
        match *step {
            Step::Free(slot) => arena.remove_slot(slot),
            Step::Request(size) => {
                let slot = arena.add_slot();
                if !arena.allocate(slot, size) {
                    return taken + 1;
                }
            }
        }
    }
    panic!("more was given out than there is");
}
