//! The mixed window on 1, 2, 4 and 8 threads at once, each with a window of its own: whether threads that share nothing
//! stand in each other's way. One operation is a replacement by any thread, so with as many cores as threads the time
//! should fall as they rise.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::alloc::mixed::Window;
use crate::outcome::{Outcome, mix};

/// `THREADS` threads replace at least `replacements` blocks together. The clock starts when all windows are full.
pub(crate) fn run<const THREADS: usize>(replacements: usize) -> Outcome {
    let share = replacements.div_ceil(THREADS);
    let full = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let full = &full;
        let start = |seed| scope.spawn(move || fill_and_replace(seed, full, share));
        let threads: Vec<_> = (0..THREADS as u64).map(start).collect();
        full.wait();
        let clock = Instant::now();
        let checksum = threads.into_iter().map(|thread| thread.join().expect("no panics")).fold(0, mix);
        Outcome { operations: share * THREADS, elapsed: clock.elapsed(), checksum, figures: Vec::new() }
    })
}

fn fill_and_replace(seed: u64, full: &Barrier, replacements: usize) -> u64 {
    let mut window = Window::new(seed);
    full.wait();
    window.replace(replacements)
}
