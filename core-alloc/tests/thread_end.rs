//! Destructors of thread-locals allocate and free, before and after the thread's cache has ended.
//!
//! By direct calls: so the test says when a thread first turns to the allocator.

#![cfg(feature = "std")]

mod common;

use common::Block;
use core::alloc::Layout;
use core::cell::RefCell;
use mudlark_core_alloc::Mudlark;
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

/// Runs `life` as a thread, and checks that nothing is in use after its end that was not before.
fn leaves_nothing(life: fn()) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = Mudlark::stats();
    thread::spawn(life).join().expect("a thread that ends well");
    let after = Mudlark::stats();
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
