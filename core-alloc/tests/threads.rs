//! The allocator as a program's own, under threads.

#![cfg(feature = "std")]

mod common;

use common::{Block, Random};
use core::alloc::Layout;
use mudlark_core_alloc::Mudlark;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

/// Under Miri it serves the tests' direct calls only: Miri takes a `Box` that is passed to a function for protected until
/// the function returns, even if that frees it, and so objects to an allocator that uses what is freed.
#[cfg_attr(not(miri), global_allocator)]
static ALLOCATOR: Mudlark = Mudlark::new();

/// The statistics are the whole process's: tests that look at them take turns.
static TURN: Mutex<()> = Mutex::new(());

const THREADS: usize = 4;

/// Allocates blocks and sends each to some thread, and frees what comes from others.
fn exchange(seed: u64, steps: usize, others: &[Sender<Block>], own: &Receiver<Block>) {
    let random = &mut Random::new(seed);
    for step in 0..steps {
        let fill = u8::try_from(step % 255).expect("below 255") + 1;
        let log2_size = if random.below(64) == 0 { 18 } else { 11 };
        let mut block = Block::new(&ALLOCATOR, random.layout(log2_size, 6), random.below(4) == 0, fill);
        if random.below(4) == 0 {
            block.resize(&ALLOCATOR, random.size(log2_size), fill);
        }
        // A thread that has finished drops its receiver: then the block comes back.
        if let Err(refused) = others[random.below(others.len())].send(block) {
            refused.0.free(&ALLOCATOR);
        }
        if random.below(3) > 0 {
            own.try_iter().take(4).for_each(|block| block.free(&ALLOCATOR));
        }
    }
}

#[test]
fn blocks_may_be_freed_by_any_thread() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let steps = if cfg!(miri) { 40 } else { 40_000 };
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel()).unzip();
    let mut seeds = Random::announced(3);
    let threads = receivers.into_iter().map(|own| (seeds.next(), own)).map(|(seed, own)| {
        let others = senders.clone();
        thread::spawn(move || {
            exchange(seed, steps, &others, &own);
            drop(others);
            own
        })
    });
    let threads = threads.collect::<Vec<_>>();
    drop(senders);
    // Whatever is still on its way is freed here, after its thread has ended.
    for thread in threads {
        let left = thread.join().expect("a thread that ends well");
        left.into_iter().for_each(|block| block.free(&ALLOCATOR));
    }
}

#[test]
fn threads_that_come_and_go_leave_their_memory_to_others() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = Mudlark::stats();
    let rounds = if cfg!(miri) { 3 } else { 500 };
    let mut random = Random::announced(5);
    let mut left: Vec<Block> = Vec::new();
    for round in 0..rounds {
        let seed = random.next();
        let blocks = thread::spawn(move || short_life(seed)).join().expect("a thread that ends well");
        left.extend(blocks);
        if round % 10 == 9 {
            left.drain(..).for_each(|block| block.free(&ALLOCATOR));
        }
    }
    let after = Mudlark::stats();
    // The test harness has a few threads of its own.
    assert!(after.heaps <= before.heaps + 4, "{before}\n{after}");
    assert!(after.reserved_bytes <= before.reserved_bytes + (32 << 20), "{before}\n{after}");
}

/// Allocates, frees some, and leaves some.
fn short_life(seed: u64) -> Vec<Block> {
    let mut random = Random::new(seed);
    let count = if cfg!(miri) { 20 } else { 200 };
    let mut blocks: Vec<Block> =
        (0..count).map(|_| Block::new(&ALLOCATOR, random.layout(13, 4), false, 0x77)).collect();
    for block in blocks.split_off(count / 2) {
        block.free(&ALLOCATOR);
    }
    blocks
}

#[test]
fn threads_that_live_together_have_heaps_of_their_own() {
    const TOGETHER: usize = if cfg!(miri) { 4 } else { 12 };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    /// Blocks of so many sizes that a thread gets a heap of its own.
    fn many_sizes() -> Vec<Block> {
        let layouts = (1..10).filter_map(|hundreds| Layout::from_size_align(100 * hundreds, 8).ok());
        layouts.map(|layout| Block::new(&ALLOCATOR, layout, false, 1)).collect()
    }
    let free_all = |blocks: Vec<Block>| blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
    // An idle heap, which only one of them may adopt.
    thread::spawn(move || free_all(many_sizes())).join().expect("a thread that ends well");
    let all_have_begun = Arc::new(Barrier::new(TOGETHER));
    let threads: Vec<_> = (0..TOGETHER)
        .map(|_| {
            let all_have_begun = Arc::clone(&all_have_begun);
            thread::spawn(move || {
                let kept = many_sizes();
                all_have_begun.wait();
                free_all(kept);
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    assert!(Mudlark::stats().heaps >= TOGETHER, "{}", Mudlark::stats());
}

#[test]
fn two_threads_at_a_page_of_blocks_agree() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let layout = Layout::new::<[u64; 500]>();
    let pile = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = (1..=2)
        .map(|fill| {
            let pile = Arc::clone(&pile);
            thread::spawn(move || {
                for _ in 0..if cfg!(miri) { 20 } else { 20_000 } {
                    pile.lock().expect("the pile").push(Block::new(&ALLOCATOR, layout, false, fill));
                    let taken = {
                        let mut pile = pile.lock().expect("the pile");
                        if pile.len() > 20 { pile.drain(..10).collect() } else { Vec::new() }
                    };
                    taken.into_iter().for_each(|block: Block| block.free(&ALLOCATOR));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
    pile.lock().expect("the pile").drain(..).for_each(|block| block.free(&ALLOCATOR));
}
