//! The meter knows what is in use to the byte.

use core::alloc::{GlobalAlloc as _, Layout};
use core::hint;
use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{panic, thread};

use mudlark_inspect::meter::{self, Cost};
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<System> = Metered::new(System);

/// The process's figures are those of all tests together, so those run one at a time that look at them or take much.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Random requests of which the model knows the sum and its peak.
#[test]
fn the_thread_counts_as_the_model_does() {
    let _alone = alone();
    let mut random = fastrand::Rng::with_seed(7);
    let mut live: Vec<(*mut u8, Layout)> = Vec::with_capacity(10_000);
    let (mut bytes, mut peak, mut requests) = (0, 0, 0);
    let ((), cost) = meter::measure(|| {
        for _ in 0..if cfg!(miri) { 200 } else { 10_000 } {
            let layout = Layout::from_size_align(random.usize(1..5000), 1 << random.u32(0..7)).expect("it is small");
            match random.u8(0..5) {
                // SAFETY: the layout is not empty.
                0 => live.push((unsafe { ALLOCATOR.alloc(layout) }, layout)),
                // SAFETY: the layout is not empty.
                1 => live.push((unsafe { ALLOCATOR.alloc_zeroed(layout) }, layout)),
                2 if !live.is_empty() => {
                    let (block, old) = live.swap_remove(random.usize(..live.len()));
                    // SAFETY: the block is one of `old`, and is given up for the answer.
                    let moved = unsafe { ALLOCATOR.realloc(block, old, layout.size()) };
                    bytes -= old.size();
                    live.push((moved, Layout::from_size_align(layout.size(), old.align()).expect("it is small")));
                }
                _ if !live.is_empty() => {
                    let (block, layout) = live.swap_remove(random.usize(..live.len()));
                    // SAFETY: the block is one of `layout`, and forgotten.
                    unsafe { ALLOCATOR.dealloc(block, layout) };
                    bytes -= layout.size();
                    continue;
                }
                _ => continue,
            }
            requests += 1;
            bytes += live.last().map_or(0, |(_, layout)| layout.size());
            peak = peak.max(bytes);
        }
    });
    assert_eq!(cost, cost_of(bytes.cast_signed(), peak, requests));
    let ((), cost) = meter::measure(|| {
        for (block, layout) in live.drain(..) {
            // SAFETY: the block is one of `layout`, and forgotten.
            unsafe { ALLOCATOR.dealloc(block, layout) };
        }
    });
    assert_eq!(cost, cost_of(-bytes.cast_signed(), 0, 0));
}

fn cost_of(held: isize, peak: usize, requests: u64) -> Cost {
    let mut cost = Cost::default();
    (cost.held, cost.peak, cost.requests) = (held, peak, requests);
    cost
}

#[test]
fn the_process_counts_what_all_threads_do() {
    let _alone = alone();
    let before = meter::usage();
    let blocks: Vec<_> =
        (0..4).map(|_| thread::spawn(|| (0..100).map(|_| Box::new([0_u8; 10_000])).collect::<Vec<_>>())).collect();
    let blocks: Vec<_> = blocks.into_iter().map(|thread| thread.join().expect("no thread panics")).collect();
    let with = meter::usage();
    // What other tests get and free meanwhile is small beside it.
    assert!((3_900_000..4_200_000).contains(&(with.bytes - before.bytes)), "{before:?} {with:?}");
    assert!(with.peak_bytes >= with.bytes && with.requests >= before.requests + 400);
    assert!((300..1000).contains(&(with.blocks - before.blocks)), "{before:?} {with:?}");
    // Freed by a thread that did not ask for them.
    let (_, cost) = meter::measure(|| drop(blocks));
    assert!(cost.held <= -4_000_000);
    assert!(meter::bytes() < before.bytes + 200_000);
}

#[test]
fn the_peak_is_the_highest_since_it_was_reset() {
    let _alone = alone();
    drop(hint::black_box(vec![0_u8; 50_000_000]));
    assert!(meter::usage().peak_bytes >= 50_000_000);
    meter::reset_peak();
    let low = meter::usage().peak_bytes;
    assert!(low < 50_000_000, "{low}");
    drop(hint::black_box(vec![0_u8; 20_000_000]));
    let high = meter::usage().peak_bytes;
    assert!((low + 19_000_000..50_000_000).contains(&high), "{low}, {high}");
}

#[test]
fn measuring_may_be_nested_and_panic() {
    let (inner, outer) = meter::measure(|| {
        drop(hint::black_box(vec![0_u8; 1000]));
        let (_, inner) = meter::measure(|| drop(hint::black_box(vec![0_u8; 100])));
        let result = panic::catch_unwind(|| {
            meter::measure(|| {
                let _large = hint::black_box(vec![0_u8; 10]);
                panic::resume_unwind(Box::new("on purpose"));
            })
        });
        assert!(result.is_err());
        inner
    });
    assert_eq!(inner, cost_of(0, 100, 1));
    assert_eq!((outer.held, outer.peak), (0, 1000));
}

#[test]
fn it_is_known_whether_it_is_there() {
    assert!(meter::is_installed());
}

#[test]
fn columns_are_aligned_whatever_the_names() {
    let mut costs = Costs::of("ü");
    costs.measure("naïve", || ());
    costs.measure("a longer one", || ());
    let lines: Vec<_> = costs.to_string().lines().map(|line| line.chars().count()).collect();
    assert_eq!(lines, [lines[0]; 3]);
    assert_eq!(costs.rows().map(|(name, _)| name.len()).collect::<Vec<_>>(), [6, 12]);
}
