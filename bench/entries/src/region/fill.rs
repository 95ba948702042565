//! An empty region fills under churn, two requests to a free, until the first request is refused. `live share` is how much
//! of the region was live then, in bytes that were asked for: what a heap takes for itself and for its classes, and what
//! fragmentation costs, are what is missing. It is the mean over many fillings. One operation is a request or a free.

use std::time::{Duration, Instant};

use crate::outcome::{Outcome, mix};
use crate::random::Random;
use crate::region::arena::Arena;
use crate::region::sizes::Sizes;

/// Fills regions of `region` bytes, `fillings` of them.
pub(crate) fn run(region: usize, sizes: Sizes, fillings: usize) -> Outcome {
    let mut elapsed = Duration::ZERO;
    let mut operations = 0;
    let mut shares = 0.0;
    for seed in 0..fillings as u64 {
        let mut arena = Arena::new(region, 0);
        let start = Instant::now();
        operations += fill(&mut arena, sizes, &mut Random::new(seed));
        elapsed += start.elapsed();
        shares += arena.live() as f64 / arena.size() as f64;
    }
    let outcome = Outcome { operations, elapsed, checksum: mix(fillings as u64, region as u64), figures: Vec::new() };
    outcome.with("live share at the first refusal", shares / fillings as f64)
}

/// Fills an arena; returns the number of operations.
fn fill(arena: &mut Arena, sizes: Sizes, random: &mut Random) -> usize {
    for operation in 1.. {
        if random.below(3) == 0 && arena.slots() > 0 {
            arena.remove_slot(random.below(arena.slots()));
        } else {
            let slot = arena.add_slot();
            if !arena.allocate(slot, sizes.next(arena.size(), random)) {
                return operation;
            }
        }
    }
    unreachable!("a region is not endless")
}
