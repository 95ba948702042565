//! The statistics add up, and tell what is there. By direct calls, so nobody else uses the allocator.

#![cfg(feature = "std")]

mod common;

use common::{Block, Random};
use core::alloc::Layout;
use mudlark_core_alloc::{ClassStats, Mudlark, SizeClass, Stats};
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

static ALLOCATOR: Mudlark = Mudlark::new();

/// Runs a test in a thread that nobody else's blocks are beside: the statistics are the whole process's, and what a
/// thread has cached is only known to be free when it has ended.
fn alone(test: fn()) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(failure) = thread::spawn(test).join() {
        resume_unwind(failure);
    }
}

const SCALE: usize = if cfg!(miri) { 20 } else { 1 };

fn block(size: usize) -> Block {
    Block::new(&ALLOCATOR, Layout::from_size_align(size, 8).expect("a valid layout"), false, 1)
}

fn free_all(blocks: Vec<Block>) {
    blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
}

fn of(stats: &Stats, class: SizeClass) -> ClassStats {
    *stats.classes().find(|of| of.class == class).expect("every class")
}

fn assert_sums(stats: &Stats) {
    let sum = |figure: fn(&ClassStats) -> usize| stats.classes().map(figure).sum::<usize>();
    assert_eq!(stats.blocks, sum(|class| class.blocks), "{stats}");
    assert_eq!(stats.block_bytes, sum(|class| class.blocks * class.class.block_size()), "{stats}");
    assert_eq!(stats.cached_blocks, sum(|class| class.cached_blocks), "{stats}");
    assert_eq!(stats.cached_bytes, sum(|class| class.cached_blocks * class.class.block_size()), "{stats}");
    assert_eq!(stats.requested_bytes, sum(|class| class.requested_bytes) + stats.large_bytes, "{stats}");
    assert_eq!(stats.page_bytes, sum(|class| class.pages) * 64 * 1024, "{stats}");
    assert!(stats.block_bytes + stats.cached_bytes <= stats.page_bytes, "{stats}");
    assert!(stats.page_bytes + stats.large_bytes <= stats.committed_bytes, "{stats}");
    assert!(stats.committed_bytes <= stats.reserved_bytes, "{stats}");
    assert!(stats.mapped_bytes <= stats.large_bytes && stats.mapped_blocks <= stats.large_blocks, "{stats}");
    assert_eq!(stats.classes().len(), SizeClass::COUNT);
}

#[test]
fn blocks_in_use_are_counted_by_class() {
    alone(|| {
        let before = Mudlark::stats();
        let counts = [(40, 1000 / SCALE), (100, 300 / SCALE), (5000, 60 / SCALE)];
        let blocks: Vec<Block> =
            counts.iter().flat_map(|&(size, count)| (0..count).map(move |_| block(size))).collect();
        let with = Mudlark::stats();
        assert_sums(&with);
        for (size, count) in counts {
            let class = SizeClass::of(Layout::from_size_align(size, 8).expect("a valid layout")).expect("a class");
            let (of_before, of_with) = (of(&before, class), of(&with, class));
            assert_eq!(of_with.blocks, of_before.blocks + count, "{size} B");
        }
        assert_eq!(with.blocks, before.blocks + blocks.len());
        free_all(blocks);
        let after = Mudlark::stats();
        assert_sums(&after);
        assert_eq!((after.blocks, after.block_bytes), (before.blocks, before.block_bytes));
        assert!(after.cached_blocks > before.cached_blocks, "{after}");
    });
}

#[test]
fn large_blocks_are_counted_by_kind() {
    alone(|| {
        let before = Mudlark::stats();
        let sizes = if cfg!(miri) { [40_000, 200_000, 3_000_000] } else { [40_000, 200_000, 100_000_000] };
        let blocks: Vec<Block> = sizes.into_iter().map(block).collect();
        let with = Mudlark::stats();
        assert_sums(&with);
        assert_eq!(with.large_blocks, before.large_blocks + 3);
        assert_eq!(with.large_bytes, before.large_bytes + sizes.iter().sum::<usize>());
        assert_eq!((with.mapped_blocks, with.mapped_bytes), (before.mapped_blocks + 1, before.mapped_bytes + sizes[2]));
        free_all(blocks);
        let after = Mudlark::stats();
        assert_sums(&after);
        assert_eq!((after.large_blocks, after.large_bytes), (before.large_blocks, before.large_bytes));
        assert_eq!((after.mapped_blocks, after.mapped_bytes), (before.mapped_blocks, before.mapped_bytes));
    });
}

#[test]
fn the_sums_hold_whatever_happens() {
    alone(|| {
        let random = &mut Random::new(5);
        let mut live: Vec<Block> = Vec::new();
        for step in 0..4000 / SCALE {
            if random.below(5) < 3 {
                live.push(block(1 + random.size(17)));
            } else if !live.is_empty() {
                live.swap_remove(random.below(live.len())).free(&ALLOCATOR);
            }
            if step % (500 / SCALE) == 0 {
                assert_sums(&Mudlark::stats());
            }
        }
        // Other threads leave their bins behind, which count as cached.
        let others = live.split_off(live.len() / 2);
        thread::spawn(|| free_all(others)).join().expect("a thread that ends well");
        assert_sums(&Mudlark::stats());
        free_all(live);
        Mudlark::collect();
        let stats = Mudlark::stats();
        assert_sums(&stats);
        assert_eq!(stats.cached_blocks, 0, "{stats}");
        assert!(stats.blocks > 0 || stats.page_bytes == 0, "{stats}");
    });
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn a_thread_does_not_keep_for_ever_what_it_needed_once() {
    alone(|| {
        let once = SizeClass::of(Layout::new::<[u64; 100]>()).expect("a class");
        let cached = || of(&Mudlark::stats(), once).cached_blocks;
        free_all((0..8).map(|_| block(800)).collect());
        assert!(cached() > 0);
        // Other work, which fills bins and empties them.
        for _ in 0..40 {
            free_all((0..3000).map(|_| block(32)).collect());
        }
        assert_eq!(cached(), 0);
    });
}

#[test]
fn the_table_names_every_class_in_use() {
    alone(|| {
        let block = block(300);
        let table = Mudlark::stats().to_string();
        assert!(table.lines().any(|line| line.trim_start().starts_with("320 B")), "{table}");
        assert!(table.contains("requested"), "{table}");
        block.free(&ALLOCATOR);
    });
}
