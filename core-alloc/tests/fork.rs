//! A process forks while its threads allocate: the child must be able to allocate, too, and so must fork handlers.

#![cfg(all(feature = "std", unix, not(miri)))]

mod common;

use common::Random;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use mudlark_core_alloc::Mudlark;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

/// The heaps are the whole process's: tests that count them take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Registers a fork handler before the allocator does, so that it runs while the allocator is prepared for the fork.
extern "C" fn register_early() {
    extern "C" fn handler() {
        // More than a cache has: blocks go to the heaps and come from there, and large ones to the regions.
        work(7, 2_000);
        assert!(Mudlark::stats().heaps > 0);
    }
    // SAFETY: the handlers may be called at any time.
    unsafe { libc::pthread_atfork(Some(handler), Some(handler), Some(handler)) };
}

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static REGISTER_EARLY: extern "C" fn() = register_early;

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

/// Has the process ended in so many seconds; 0 takes that back.
fn set_alarm(seconds: libc::c_uint) {
    // SAFETY: the signal's default is to end the process, which is what is wanted.
    unsafe { libc::alarm(seconds) };
}

/// Forks, and returns whether `inside`, called in the child, said so and ended well.
fn holds_in_child(inside: impl FnOnce() -> bool) -> bool {
    // Who waits for a lock for ever is ended by an alarm.
    set_alarm(60);
    // SAFETY: the child calls little but the allocator and `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        set_alarm(30);
        let status = if inside() { 0 } else { 1 };
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status a valid place.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    set_alarm(0);
    waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn the_child_of_a_busy_process_may_allocate() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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
    let well = (0..30).all(|_| {
        holds_in_child(|| {
            work(1, 2_000);
            true
        })
    });
    DONE.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    assert!(well);
}

#[test]
fn the_janitor_may_be_at_work() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    static DONE: AtomicBool = AtomicBool::new(false);
    Mudlark::set_decay(Some(Duration::from_millis(1)));
    let threads = [(); 2].map(|()| {
        thread::spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                drop(vec![1_u8; 6 << 20]);
                thread::sleep(Duration::from_millis(3));
                Mudlark::collect();
            }
        })
    });
    // Two at a time, so that one forks while the other waits to do so.
    let fork_often = || (0..25).all(|_| holds_in_child(memory_goes_back));
    let well = thread::scope(|scope| {
        let other = scope.spawn(fork_often);
        fork_often() && other.join().expect("a thread that ends well")
    });
    DONE.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    Mudlark::set_decay(Some(Duration::from_millis(200)));
    assert!(well);
}

/// Whether memory goes back, at once and by itself.
fn memory_goes_back() -> bool {
    Mudlark::collect();
    let block = vec![1_u8; 8 << 20];
    let with_block = Mudlark::stats().committed_bytes;
    drop(block);
    (0..10_000).any(|_| {
        thread::sleep(Duration::from_millis(1));
        Mudlark::stats().committed_bytes <= with_block - (8 << 20)
    })
}

#[test]
fn the_child_gets_the_heaps_of_threads_that_it_does_not_have() {
    const THREADS: usize = 4;
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (begun, done) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let life = || {
        // Of so many sizes that a thread gets a heap of its own.
        let own: Vec<Vec<u8>> = (1..20).map(|length| vec![0; 100 * length]).collect();
        begun.wait();
        done.wait();
        drop(own);
    };
    let well = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(life);
        }
        begun.wait();
        let well = holds_in_child(threads_find_heaps_enough::<THREADS>);
        done.wait();
        well
    });
    assert!(well);
}

/// Whether `N` threads at a time can live without a new heap being made.
fn threads_find_heaps_enough<const N: usize>() -> bool {
    let before = Mudlark::stats().heaps;
    let all_have_begun = Barrier::new(N);
    thread::scope(|scope| {
        for seed in 0..N as u64 {
            let all_have_begun = &all_have_begun;
            scope.spawn(move || {
                work(seed, 1_000);
                all_have_begun.wait();
            });
        }
    });
    Mudlark::stats().heaps == before
}
