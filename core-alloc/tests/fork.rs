//! A process forks while its threads allocate: the child must be able to allocate, too.

#![cfg(all(feature = "std", unix, not(miri)))]

mod common;

use common::Random;
use core::sync::atomic::{AtomicBool, Ordering};
use mudlark_core_alloc::Mudlark;
use std::thread;

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

/// Allocates and frees enough to fill, empty and exchange caches' blocks with the heaps.
fn work(seed: u64, steps: usize) {
    let mut random = Random::new(seed);
    let mut live: Vec<Vec<u8>> = Vec::new();
    for _ in 0..steps {
        live.push(vec![1; random.size(17)]);
        if live.len() > 100 {
            live.swap_remove(random.below(100));
            live.truncate(50 + random.below(50));
        }
    }
}

/// Forks, works in the child, and returns whether that ended well.
fn fork_and_work() -> bool {
    // SAFETY: the child calls nothing but the allocator and `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        // A child that waits for a lock for ever is ended by the alarm.
        // SAFETY: the signal's default is to end the process, which is what is wanted.
        unsafe { libc::alarm(30) };
        work(1, 2_000);
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status a valid place.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn the_child_of_a_busy_process_may_allocate() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let threads: Vec<_> = (0..3)
        .map(|seed| {
            thread::spawn(move || {
                while !DONE.load(Ordering::Relaxed) {
                    work(seed, 1_000);
                }
            })
        })
        .collect();
    let well = (0..30).all(|_| fork_and_work());
    DONE.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    assert!(well);
}
