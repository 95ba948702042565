//! A process forks while its threads use private heaps: the child may go on with its own, and make new ones.

#![cfg(all(feature = "std", unix, not(miri)))]

use core::alloc::Layout;
use core::sync::atomic::{AtomicBool, Ordering};
use mudlark_core_alloc::PrivateHeap;
use std::thread;

const BLOCK: Layout = Layout::new::<[u64; 8]>();
const RUN: Layout = Layout::new::<[u64; 10_000]>();

/// Allocates so much that pages and runs come from the regions, which all threads share.
fn work(heap: &PrivateHeap) {
    for _ in 0..2000 {
        assert!(heap.allocate(BLOCK).is_some());
    }
    let run = heap.allocate(RUN).expect("memory");
    // SAFETY: just allocated, and not used.
    unsafe { heap.deallocate(run, RUN) };
}

/// Forks, and returns whether the child came to its end.
fn child_ends_well(in_child: impl FnOnce()) -> bool {
    // SAFETY: the child calls nothing but the allocator and `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        // Who waits for a lock for ever is ended by an alarm, whose default is that.
        // SAFETY: it is only this process that it ends.
        unsafe { libc::alarm(20) };
        in_child();
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status a valid place.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn the_child_of_a_busy_process_may_use_its_heaps() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let heap = PrivateHeap::new();
    work(&heap);
    let threads = [(); 3].map(|()| {
        thread::spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                work(&PrivateHeap::new());
            }
        })
    });
    let well = (0..100).all(|_| {
        child_ends_well(|| {
            work(&heap);
            let another = PrivateHeap::new();
            work(&another);
            drop(another);
        })
    });
    DONE.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    assert!(well);
    assert_eq!(heap.stats().blocks, 2000, "what the child did is its own affair");
}
