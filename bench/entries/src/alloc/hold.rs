//! Fill, free 90 % at random, hold: what a program has after its peak. The blocks that stay lie scattered, so what can go
//! back to the operating system are at best single OS pages; and whoever keeps the rest should have a use for it later,
//! when what is asked for is of other sizes.
//!
//! ```text
//!   fill: 16 B – 4 KiB       free 90 %, rest a second, give back   refill: 24 B – 3 KiB, as many bytes
//!   |aaaaaaaaaaaaaaaaaaaa|   |a     a  a         a     |           |abbbbbabbabbbbbbbbbabbbbb|
//!                            ▲                   ▲     ▲                                     ▲   resident/live
//! ```

use core::hint::black_box;
use core::time::Duration;
use std::thread;

use crate::alloc::entry::GIVE_BACK;
use crate::block::Block;
use crate::memory;
use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// How long a program rests: a second.
const REST: Duration = Duration::from_secs(1);
/// Rounds before memory is touched for the first time no longer.
const FIRST_ROUNDS: usize = 2;

/// The smallest size, and how often it doubles to the largest; every doubling is as likely as another.
type Sizes = (usize, usize);
/// 16 B to 4 KiB.
const SIZES: Sizes = (16, 8);
/// 24 B to 3 KiB.
const OTHER_SIZES: Sizes = (24, 7);

/// Holds a tenth of `blocks` blocks. One operation is one of the blocks that fill the heap at first, or that are freed
/// then; so every block's memory is touched for the first time. `resident/live` is the memory that the process has
/// gained since the start, for each byte that is live.
pub(crate) fn hold(blocks: usize) -> Outcome {
    let mut heap = Heap::new(blocks);
    let outcome = timed(blocks + nine_tenths(blocks), || {
        heap.fill(blocks);
        heap.free_nine_tenths();
        heap.checksum()
    });
    let mut outcome = outcome.with("resident/live after 90 % were freed", heap.resident_for_live());
    thread::sleep(REST);
    outcome = outcome.with("resident/live after a second's rest", heap.resident_for_live());
    if let Some(give_back) = GIVE_BACK {
        give_back();
        outcome = outcome.with("resident/live after being told to give back", heap.resident_for_live());
    }
    heap.refill(OTHER_SIZES);
    outcome.with("resident/live after the refill", heap.resident_for_live())
}

/// Frees nine tenths and refills, `rounds` times, by turns with other sizes and with the first ones, when that has been
/// done some times before the clock starts. So nobody needs more memory than before; but who gave some back in the
/// meantime does. One operation is a block, allocated or freed.
pub(crate) fn refill(blocks: usize, rounds: usize) -> Outcome {
    let mut heap = Heap::new(blocks);
    heap.fill(blocks);
    heap.go_round(FIRST_ROUNDS);
    let mut operations = 0;
    let mut outcome = timed(1, || {
        operations = heap.go_round(rounds);
        heap.checksum()
    });
    outcome.operations = operations;
    outcome
}

/// The blocks, and what is known of them.
struct Heap {
    blocks: Vec<Option<Block>>,
    live: usize,
    /// What was live when the heap was filled.
    full: usize,
    /// The memory of the process before.
    before: usize,
    random: Random,
}

impl Heap {
    /// Nothing yet but room for handles, which is touched now, so that only the blocks' memory is new later. Refilled
    /// with other sizes, there may be more blocks than at first, but never twice as many.
    fn new(blocks: usize) -> Self {
        let mut handles = Vec::new();
        handles.resize_with(2 * blocks, || None);
        let mut blocks = black_box(handles);
        blocks.clear();
        Self { blocks, live: 0, full: 0, before: memory::resident(), random: Random::new(17) }
    }

    fn fill(&mut self, blocks: usize) {
        for _ in 0..blocks {
            self.add(SIZES);
        }
        self.full = self.live;
    }

    /// Adds blocks until as many bytes are live as when it was filled; returns how many.
    fn refill(&mut self, sizes: Sizes) -> usize {
        let before = self.blocks.len();
        while self.live < self.full {
            self.add(sizes);
        }
        self.blocks.len() - before
    }

    fn add(&mut self, (smallest, doublings): Sizes) {
        let size = self.random.magnitude(smallest, doublings);
        self.blocks.push(Some(Block::new(size)));
        self.live += size;
    }

    /// Frees nine blocks of ten; returns how many.
    fn free_nine_tenths(&mut self) -> usize {
        let freed = nine_tenths(self.blocks.len());
        for _ in 0..freed {
            let slot = self.random.below(self.blocks.len());
            self.live -= self.blocks.swap_remove(slot).map_or(0, |block| block.size());
        }
        freed
    }

    /// Frees and refills; returns the number of blocks freed and allocated.
    fn go_round(&mut self, rounds: usize) -> usize {
        let by_turns = [OTHER_SIZES, SIZES].into_iter().cycle();
        by_turns.take(rounds).map(|sizes| self.free_nine_tenths() + self.refill(sizes)).sum()
    }

    fn checksum(&self) -> u64 {
        self.blocks.iter().flatten().fold(self.live as u64, |checksum, block| mix(checksum, block.mark()))
    }

    /// The memory that the process has gained, for each byte that is live.
    fn resident_for_live(&self) -> f64 {
        memory::resident().saturating_sub(self.before) as f64 / self.live as f64
    }
}

fn nine_tenths(blocks: usize) -> usize {
    blocks * 9 / 10
}
