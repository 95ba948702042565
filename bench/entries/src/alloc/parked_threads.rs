//! Threads that allocate once and then wait: what an allocator keeps for a thread, whatever it does. One operation is a
//! thread, started and ended.
//!
//! `bytes a fresh thread` is what the process's memory has grown by when the first 64 threads wait, for each of them.
//! Every thread touches the same part of its stack before, which is deeper than any allocator goes, and which is taken
//! off. What is left for a thread that keeps nothing is a few OS pages that the thread itself is made of.

use core::hint::black_box;
use std::sync::Barrier;
use std::thread::{self, Builder};

use crate::block::Block;
use crate::memory;
use crate::outcome::{Outcome, mix, timed};

const THREADS: usize = 64;
const STACK: usize = 256 << 10;
/// The part of its stack that a thread touches.
const TOUCHED: usize = 64 << 10;

/// Starts and ends 64 threads, `rounds` times and once before the clock starts.
pub(crate) fn run(rounds: usize) -> Outcome {
    let before = memory::resident();
    let mut gained = 0;
    let first = park(|| gained = memory::resident().saturating_sub(before));
    let outcome = timed(rounds * THREADS, || (0..rounds).map(|_| park(|| ())).fold(first, mix));
    outcome.with("bytes a fresh thread", gained as f64 / THREADS as f64 - TOUCHED as f64)
}

/// Starts the threads, does `meanwhile` when all of them wait, and ends them.
fn park(meanwhile: impl FnOnce()) -> u64 {
    let parked = Barrier::new(THREADS + 1);
    let done = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let (parked, done) = (&parked, &done);
        let start = |number: usize| {
            let live = move || live(number, parked, done);
            Builder::new().stack_size(STACK).spawn_scoped(scope, live).expect("a thread can be had")
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        parked.wait();
        meanwhile();
        done.wait();
        threads.into_iter().map(|thread| thread.join().expect("no panics")).fold(0, mix)
    })
}

fn live(number: usize, parked: &Barrier, done: &Barrier) -> u64 {
    touch_stack();
    let block = black_box(Block::new(1 + number));
    parked.wait();
    done.wait();
    block.mark()
}

#[inline(never)]
fn touch_stack() {
    let mut part = [0_u8; TOUCHED];
    black_box(&mut part);
}
