//! Churn in a region that is a third full: a random block is freed and one of another random size asked for. The time is
//! the mean of both together; `worst operation` is the longest single one of either kind, in nanoseconds. That is found
//! by doing the same walk several times over, since a walk repeats exactly: of each step the shortest time counts, as the
//! longer ones had an interrupt in them. `refused of 1000` tells whose region was too fragmented for the next request.

use std::time::{Duration, Instant};

use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;
use crate::region::arena::Arena;
use crate::region::sizes::Sizes;

/// How often the walk is repeated to find its longest step.
const REPETITIONS: usize = 5;
/// Part of the steps that is repeated so.
const REPEATED: usize = 8;

/// Takes `steps` steps in a region of `region` bytes.
pub(crate) fn run(region: usize, sizes: Sizes, steps: usize) -> Outcome {
    let walk = walk(region, sizes, steps);
    let mut arena = prepared(region, sizes);
    let mut refused = 0;
    let outcome = timed(steps, || {
        let mut checksum = 0;
        for step in &walk {
            arena.free(step.slot);
            refused += usize::from(!arena.allocate(step.slot, step.size));
            checksum = mix(checksum, (step.slot ^ step.size) as u64);
        }
        checksum
    });
    drop(arena);
    let part = &walk[..steps.div_ceil(REPEATED)];
    outcome
        .with("worst operation, ns", worst_operation(region, sizes, part).as_nanos() as f64)
        .with("refused of 1000", refused as f64 * 1000.0 / steps as f64)
}

struct Step {
    slot: usize,
    size: usize,
}

fn walk(region: usize, sizes: Sizes, steps: usize) -> Vec<Step> {
    let mut random = Random::new(23);
    let slots = sizes.a_third(region);
    let step = |_| Step { slot: random.below(slots), size: sizes.next(region, &mut random) };
    (0..steps).map(step).collect()
}

/// An arena that is a third full.
fn prepared(region: usize, sizes: Sizes) -> Arena {
    let mut random = Random::new(29);
    let mut arena = Arena::new(region, sizes.a_third(region));
    for slot in 0..arena.slots() {
        arena.allocate(slot, sizes.next(region, &mut random));
    }
    arena
}

fn worst_operation(region: usize, sizes: Sizes, walk: &[Step]) -> Duration {
    let mut shortest = vec![Duration::MAX; walk.len() * 2];
    for _ in 0..REPETITIONS {
        let mut arena = prepared(region, sizes);
        for (step, shortest) in walk.iter().zip(shortest.chunks_exact_mut(2)) {
            let start = Instant::now();
            arena.free(step.slot);
            let freed = Instant::now();
            arena.allocate(step.slot, step.size);
            let allocated = Instant::now();
            shortest[0] = shortest[0].min(freed - start);
            shortest[1] = shortest[1].min(allocated - freed);
        }
    }
    shortest.into_iter().max().unwrap_or_default()
}
