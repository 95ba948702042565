//! Memory in the heaps of threads that have ended is there for the threads that live.

#![cfg(feature = "std")]

mod common;

use common::Block;
use core::alloc::Layout;
use mudlark_core_alloc::Mudlark;
use std::panic::resume_unwind;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

static ALLOCATOR: Mudlark = Mudlark::new();

/// Runs a test whose figures nobody else changes: the statistics are the whole process's. So tests take turns, each in a
/// thread that has ended when the next one begins, and without a janitor.
fn in_turn(test: fn()) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Mudlark::set_decay(None);
    if let Err(panic) = thread::spawn(test).join() {
        resume_unwind(panic);
    }
}

/// The size of a page, in bytes.
const PAGE: usize = 64 * 1024;

const THREADS: usize = 4;
/// The blocks of each thread, and how many of them there are for one that is kept: less than a page has. Under Miri there
/// are few, and large ones.
const LAYOUT: Layout = if cfg!(miri) { Layout::new::<[u8; 2048]>() } else { Layout::new::<[u8; 48]>() };
const BLOCKS: usize = if cfg!(miri) { 60 } else { 15_000 };
const FOR_ONE_KEPT: usize = if cfg!(miri) { 20 } else { 1000 };

fn blocks(count: usize) -> Vec<Block> {
    (0..count).map(|_| Block::new(&ALLOCATOR, LAYOUT, false, 1)).collect()
}

/// Runs threads at the same time, each of which allocates `BLOCKS` blocks and ends with some of every page in use,
/// which are returned.
fn threads_that_leave_pages_behind() -> Vec<Block> {
    let all_have_allocated = Barrier::new(THREADS);
    let life = || {
        let (kept, freed): (Vec<_>, Vec<_>) =
            (0..).zip(blocks(BLOCKS)).partition(|(index, _)| index % FOR_ONE_KEPT == 0);
        all_have_allocated.wait();
        freed.into_iter().for_each(|(_, block)| block.free(&ALLOCATOR));
        kept.into_iter().map(|(_, block)| block).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(life));
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread that ends well")).collect()
    })
}

#[test]
fn a_living_thread_gets_the_free_blocks_of_idle_heaps() {
    in_turn(|| {
        let kept = threads_that_leave_pages_behind();
        let before = Mudlark::stats();
        assert!(before.page_bytes > THREADS * BLOCKS * LAYOUT.size(), "{before}");
        // More than the one heap that this thread may have adopted has free.
        let mine = blocks(BLOCKS * 3);
        let after = Mudlark::stats();
        // While the thread was a guest, it may have had a page opened for all guests.
        assert!(after.page_bytes <= before.page_bytes + PAGE, "{before}\n{after}");
        mine.into_iter().chain(kept).for_each(|block| block.free(&ALLOCATOR));
    });
}

#[test]
fn heaps_are_used_again_when_many_threads_end_at_once() {
    in_turn(|| {
        let mut most = 0;
        for round in 0..if cfg!(miri) { 2 } else { 10 } {
            threads_that_leave_pages_behind().into_iter().for_each(|block| block.free(&ALLOCATOR));
            let heaps = Mudlark::stats().heaps;
            // This thread may have one, too.
            assert!(heaps <= THREADS + 1, "{heaps} heaps in round {round}");
            most = most.max(heaps);
        }
        assert!(most >= THREADS, "{most} heaps for {THREADS} threads");
    });
}

#[test]
fn a_thread_that_allocates_little_needs_no_heap_of_its_own() {
    in_turn(|| {
        // This thread has one.
        blocks(BLOCKS).into_iter().for_each(|block| block.free(&ALLOCATOR));
        Mudlark::collect();
        let before = Mudlark::stats();
        let all_have_allocated = Barrier::new(THREADS + 1);
        let with_guests = thread::scope(|scope| {
            let guests = [(); THREADS].map(|()| {
                scope.spawn(|| {
                    let few = blocks(3);
                    all_have_allocated.wait();
                    all_have_allocated.wait();
                    few.into_iter().for_each(|block| block.free(&ALLOCATOR));
                })
            });
            all_have_allocated.wait();
            let with_guests = Mudlark::stats();
            all_have_allocated.wait();
            guests.into_iter().for_each(|guest| guest.join().expect("a thread that ends well"));
            with_guests
        });
        assert_eq!(with_guests.heaps, before.heaps, "{with_guests}");
        assert!(with_guests.blocks >= before.blocks + THREADS * 3, "{before}\n{with_guests}");
        let after = Mudlark::stats();
        assert_eq!((after.heaps, after.blocks), (before.heaps, before.blocks), "{before}\n{after}");
    });
}
