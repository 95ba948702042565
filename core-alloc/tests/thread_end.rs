//! Destructors of thread-locals allocate and free, before and after the thread's cache has ended.
//!
//! By direct calls: so the test says when a thread first turns to the allocator.

#![cfg(feature = "std")]

mod common;

use common::Block;
use core::alloc::Layout;
use core::cell::RefCell;
use mudlark_core_alloc::{Mudlark, Stats};
use std::sync::{Mutex, PoisonError};
use std::thread;

static ALLOCATOR: Mudlark = Mudlark::new();

static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static KEEPER: RefCell<Keeper> = const { RefCell::new(Keeper(Vec::new())) };
}

/// Keeps blocks until its thread ends, and then frees them among many others.
struct Keeper(Vec<Block>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.extend(some_blocks());
        for block in self.0.drain(..) {
            block.free(&ALLOCATOR);
            Block::new(&ALLOCATOR, Layout::new::<[u64; 9]>(), true, 3).free(&ALLOCATOR);
        }
    }
}

fn some_blocks() -> impl Iterator<Item = Block> {
    let sizes = [8, 8, 24, 100, 1000, 5000, 40_000, 2_000_000];
    sizes.into_iter().map(|size| {
        let layout = Layout::from_size_align(size, 8).expect("a valid layout");
        Block::new(&ALLOCATOR, layout, false, 9)
    })
}

fn keep_blocks() {
    KEEPER.with_borrow_mut(|keeper| keeper.0.extend(some_blocks()));
}

fn stats_after_collecting() -> Stats {
    Mudlark::collect();
    Mudlark::stats()
}

/// Runs `life` as a thread, and checks that nothing is in use after its end that was not before.
fn leaves_nothing(life: fn()) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = stats_after_collecting();
    thread::spawn(life).join().expect("a thread that ends well");
    let after = stats_after_collecting();
    assert_eq!((after.blocks, after.page_bytes), (before.blocks, before.page_bytes), "{before}\n{after}");
    assert_eq!((after.large_blocks, after.large_bytes), (before.large_blocks, before.large_bytes));
}

#[test]
fn a_destructor_may_run_before_the_cache_has_ended() {
    leaves_nothing(|| {
        Block::new(&ALLOCATOR, Layout::new::<u64>(), false, 1).free(&ALLOCATOR);
        keep_blocks();
    });
}

#[test]
fn a_destructor_may_run_after_the_cache_has_ended() {
    leaves_nothing(|| {
        KEEPER.with_borrow(|keeper| assert!(keeper.0.is_empty()));
        keep_blocks();
    });
}

#[test]
fn a_destructor_may_be_the_first_to_allocate() {
    leaves_nothing(|| KEEPER.with_borrow(|keeper| assert!(keeper.0.is_empty())));
}

#[cfg(all(unix, not(miri)))]
mod forks {
    use super::*;
    use core::cell::Cell;
    use core::sync::atomic::{AtomicBool, Ordering};
    use std::thread::JoinHandle;

    thread_local! {
        static LAST_ACT: LastAct = const { LastAct(Cell::new(None)) };
    }

    /// What a thread does when all else of it has ended.
    struct LastAct(Cell<Option<fn()>>);

    impl Drop for LastAct {
        fn drop(&mut self) {
            if let Some(act) = self.0.take() {
                act();
            }
        }
    }

    /// A thread that calls `act` when its cache has ended.
    fn thread_with_last_act(act: fn()) -> JoinHandle<()> {
        thread::spawn(move || {
            LAST_ACT.with(|last| last.0.set(Some(act)));
            use_a_block();
        })
    }

    fn use_a_block() {
        Block::new(&ALLOCATOR, Layout::new::<u64>(), false, 1).free(&ALLOCATOR);
    }

    /// Whether a thread that ends in a forked child can have blocks at its end.
    fn a_thread_may_end_in_a_child() -> bool {
        // SAFETY: the child starts a thread, and calls `_exit`; the harness's other threads are of no concern to it.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "no child");
        if child == 0 {
            // SAFETY: a child that waits for a lock for ever is ended by the signal.
            unsafe { libc::alarm(30) };
            let ended = thread_with_last_act(use_a_block).join();
            // SAFETY: ends the child without running the parent's destructors.
            unsafe { libc::_exit(libc::c_int::from(ended.is_err())) };
        }
        let mut status = 0;
        // SAFETY: the child is ours, and the status a valid place.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    #[test]
    fn a_process_may_fork_while_threads_end() {
        static DONE: AtomicBool = AtomicBool::new(false);
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = [(); 2].map(|()| {
            thread_with_last_act(|| {
                while !DONE.load(Ordering::Relaxed) {
                    use_a_block();
                }
            })
        });
        let well = (0..50).all(|_| a_thread_may_end_in_a_child());
        DONE.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().expect("a thread that ends well"));
        assert!(well);
    }
}
