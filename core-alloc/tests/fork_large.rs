//! A process whose threads have only ever asked for large blocks forks: the child may ask for some, too. A test program of
//! its own, by direct calls, so that nobody has asked for a small one.

#![cfg(all(feature = "std", unix, not(miri)))]

mod common;

use common::Block;
use core::alloc::Layout;
use core::sync::atomic::{AtomicBool, Ordering};
use mudlark_core_alloc::Mudlark;
use std::thread;

static ALLOCATOR: Mudlark = Mudlark::new();

fn use_a_large_block() {
    Block::new(&ALLOCATOR, Layout::new::<[u64; 50_000]>(), false, 1).free(&ALLOCATOR);
}

/// Forks, and returns whether the child comes to its end.
fn child_ends_well() -> bool {
    // SAFETY: the child calls nothing but the allocator and `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        // SAFETY: a child that waits for a lock for ever is ended by the signal.
        unsafe { libc::alarm(30) };
        use_a_large_block();
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status a valid place.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn a_child_may_ask_for_large_blocks() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let threads = [(); 2].map(|()| {
        thread::spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                use_a_large_block();
            }
        })
    });
    use_a_large_block();
    let well = (0..200).all(|_| child_ends_well());
    DONE.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().expect("a thread that ends well"));
    assert!(well);
}
