//! The mixed window on 1 to 16 threads at once, each with a window of its own: whether threads that share nothing stand
//! in each other's way. The windows are small, so that they do not do so in the CPU's caches. One operation is a
//! replacement by any thread, so the time falls as the threads rise, until there are as many as cores; from there on it
//! should stay.

use core::time::Duration;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::alloc::mixed::Window;
use crate::block::Block;
use crate::outcome::{Outcome, mix};

/// Blocks of each thread.
const WINDOW: usize = 1000;

/// `THREADS` threads replace at least `replacements` blocks together. The clock runs from when the first thread begins,
/// with all windows full, until the last one has ended; how soon a thread gets a core to begin on is the system's.
pub(crate) fn run<const THREADS: usize>(replacements: usize) -> Outcome {
    let share = replacements.div_ceil(THREADS);
    let full = Barrier::new(THREADS);
    let shifts: Vec<Shift> = thread::scope(|scope| {
        let full = &full;
        let start = |seed| scope.spawn(move || fill_and_replace(seed, full, share));
        let threads: Vec<_> = (0..THREADS as u64).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panics")).collect()
    });
    let begin = shifts.iter().map(|shift| shift.begin).min();
    let end = shifts.iter().map(|shift| shift.end).max();
    let elapsed = end.zip(begin).map_or(Duration::ZERO, |(end, begin)| end - begin);
    let checksum = shifts.iter().map(|shift| shift.checksum).fold(0, mix);
    Outcome { operations: share * THREADS, elapsed, checksum, figures: Vec::new() }
}

/// What a thread did, and when.
struct Shift {
    begin: Instant,
    end: Instant,
    checksum: u64,
}

fn fill_and_replace(seed: u64, full: &Barrier, replacements: usize) -> Shift {
    let mut window = Window::<Block>::new(WINDOW, seed);
    full.wait();
    let begin = Instant::now();
    let checksum = window.replace(replacements);
    Shift { begin, end: Instant::now(), checksum }
}
