//! The allocator against a model of the live blocks, by direct calls: the tests' own memory comes from elsewhere, so
//! that the statistics are exact.

#![cfg(feature = "std")]

mod common;

use common::{Block, Disjoint, Random};
use core::alloc::{GlobalAlloc, Layout};
use mudlark_core_alloc::{Mudlark, Stats};
use std::sync::{Mutex, PoisonError};

static ALLOCATOR: Mudlark = Mudlark::new();

/// The statistics are the whole process's: tests that look at them take turns.
static TURN: Mutex<()> = Mutex::new(());

/// What is in use, with nothing in this thread's cache and no spare memory kept.
fn stats_at_rest() -> Stats {
    Mudlark::collect();
    Mudlark::stats()
}

/// Runs `test` alone, and checks that it leaves nothing in use.
fn leaves_nothing(test: impl FnOnce()) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Block::new(&ALLOCATOR, Layout::new::<u8>(), false, 1).free(&ALLOCATOR);
    let before = stats_at_rest();
    test();
    let after = stats_at_rest();
    let in_use =
        |stats: &Stats| (stats.blocks, stats.block_bytes, stats.page_bytes, stats.large_blocks, stats.large_bytes);
    assert_eq!(in_use(&after), in_use(&before));
    assert!(after.committed_bytes <= before.committed_bytes, "{before}\n{after}");
    // All regions went back; a leaf of the page map may have come.
    assert!(after.reserved_bytes < before.reserved_bytes + (1 << 20), "{before}\n{after}");
}

/// Random steps with up to `most` live blocks of up to `2^log2_size` bytes.
fn agrees_with_the_model(steps: usize, most: usize, log2_size: usize, log2_align: usize) {
    let random = &mut Random::announced(11);
    let mut live: Vec<Block> = Vec::new();
    let mut disjoint = Disjoint::default();
    for step in 0..steps {
        let fill = u8::try_from(step % 255).expect("below 255") + 1;
        match random.below(8) {
            0..4 if live.len() < most => {
                let block = Block::new(&ALLOCATOR, random.layout(log2_size, log2_align), random.below(3) == 0, fill);
                disjoint.add(&block);
                live.push(block);
            }
            4 if !live.is_empty() => {
                let index = random.below(live.len());
                disjoint.remove(&live[index]);
                live[index].resize(&ALLOCATOR, random.size(log2_size), fill);
                disjoint.add(&live[index]);
            }
            _ if !live.is_empty() => {
                let block = live.swap_remove(random.below(live.len()));
                disjoint.remove(&block);
                block.free(&ALLOCATOR);
            }
            _ => {}
        }
    }
    for block in live {
        block.free(&ALLOCATOR);
    }
}

#[test]
fn blocks_of_every_size_and_alignment_agree_with_the_model() {
    let steps = if cfg!(miri) { 100 } else { 20_000 };
    leaves_nothing(|| agrees_with_the_model(steps, 60, 23, 22));
}

#[test]
fn many_small_blocks_agree_with_the_model() {
    let steps = if cfg!(miri) { 200 } else { 200_000 };
    leaves_nothing(|| agrees_with_the_model(steps, 20_000, 12, 9));
}

#[test]
fn runs_of_pages_agree_with_the_model() {
    let steps = if cfg!(miri) { 100 } else { 20_000 };
    leaves_nothing(|| agrees_with_the_model(steps, 400, 20, 20));
}

#[test]
fn every_size_about_a_limit_is_served() {
    leaves_nothing(|| {
        let mut disjoint = Disjoint::default();
        let mut blocks = Vec::new();
        for limit in [0_usize, 16, 128, 4096, 32 << 10, 64 << 10, 1 << 20, 2 << 20, 4 << 20] {
            for size in limit.saturating_sub(2)..limit + 3 {
                for align in [1, 16, 4096, 32 << 10, 64 << 10, 1 << 20, 2 << 20, 8 << 20] {
                    if cfg!(miri) && size.max(align) > 128 << 10 {
                        continue;
                    }
                    let layout = Layout::from_size_align(size, align).expect("a valid layout");
                    let block = Block::new(&ALLOCATOR, layout, true, 0xAB);
                    disjoint.add(&block);
                    blocks.push(block);
                }
            }
        }
        blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes long for so large blocks")]
fn every_size_about_the_largest_run_is_served() {
    const LIMIT: usize = 32 << 20;
    leaves_nothing(|| {
        for size in LIMIT - 1..LIMIT + 2 {
            for align in [1, 4 << 20, 8 << 20] {
                let layout = Layout::from_size_align(size, align).expect("a valid layout");
                let mut block = Block::new(&ALLOCATOR, layout, true, 0xAB);
                block.resize(&ALLOCATOR, LIMIT, 0xCD);
                block.free(&ALLOCATOR);
            }
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri gives up where a system refuses")]
fn what_no_system_has_is_refused() {
    leaves_nothing(|| {
        let largest = isize::MAX.cast_unsigned();
        let half = largest / 2 + 1;
        for (size, align) in [(largest, 1), (largest / 2, 1), (largest - 4096, 4096), (1 << 20, half), (0, half)] {
            let layout = Layout::from_size_align(size, align).expect("a valid layout");
            // SAFETY: any size will do.
            let block = unsafe { ALLOCATOR.alloc(layout) };
            assert!(block.is_null(), "{layout:?}");
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri gives up where a system refuses")]
fn a_refused_realloc_leaves_the_block() {
    leaves_nothing(|| {
        for size in [100, 100_000, 4_000_000] {
            let layout = Layout::from_size_align(size, 8).expect("a valid layout");
            let mut block = Block::new(&ALLOCATOR, layout, false, 0x5A);
            // SAFETY: the block is the allocator's, and stays alive when the answer is null.
            let moved = unsafe { ALLOCATOR.realloc(block.start.as_ptr(), layout, isize::MAX.cast_unsigned() - 7) };
            assert!(moved.is_null());
            block.check(size);
            block.free(&ALLOCATOR);
        }
    });
}

#[test]
fn a_block_stays_where_its_class_stays() {
    leaves_nothing(|| {
        let layout = Layout::from_size_align(130, 1).expect("a valid layout");
        let mut block = Block::new(&ALLOCATOR, layout, false, 1);
        let start = block.start;
        block.resize(&ALLOCATOR, 144, 2);
        assert_eq!(block.start, start);
        block.resize(&ALLOCATOR, 145, 3);
        assert_ne!(block.start, start);
        block.free(&ALLOCATOR);
    });
}

#[test]
fn a_run_grows_into_free_pages_behind_it() {
    leaves_nothing(|| {
        let layout = Layout::from_size_align(100_000, 1).expect("a valid layout");
        let mut block = Block::new(&ALLOCATOR, layout, false, 1);
        let start = block.start;
        block.resize(&ALLOCATOR, 1 << 20, 2);
        assert_eq!(block.start, start);
        block.resize(&ALLOCATOR, 40_000, 3);
        assert_eq!(block.start, start);
        block.free(&ALLOCATOR);
    });
}

#[test]
fn a_block_that_grows_alone_is_copied_only_while_it_is_small() {
    const END: usize = if cfg!(any(miri, target_pointer_width = "32")) { 1 << 20 } else { 16 << 20 };
    leaves_nothing(|| {
        let layout = Layout::from_size_align(16, 8).expect("a valid layout");
        let mut block = Block::new(&ALLOCATOR, layout, false, 1);
        while block.layout.size() < END {
            let (start, size) = (block.start, block.layout.size());
            block.resize(&ALLOCATOR, size * 2, 2);
            assert!(size <= 32 << 10 || block.start == start, "a copy of {size} B");
        }
        block.free(&ALLOCATOR);
    });
}

#[test]
fn zeroed_blocks_are_zero_wherever_they_lie() {
    const LARGEST: usize = if cfg!(miri) { 400_000 } else { 3 << 20 };
    leaves_nothing(|| {
        let random = &mut Random::announced(23);
        for round in 0..if cfg!(miri) { 8 } else { 200 } {
            // Filled blocks leave dirty pages behind, between and beside such as were never used or have gone back.
            let mut blocks: Vec<Block> = (0..6)
                .map(|_| {
                    let layout = Layout::from_size_align(random.below(LARGEST), 1 << random.below(18));
                    Block::new(&ALLOCATOR, layout.expect("a valid layout"), true, 0xEE)
                })
                .collect();
            let some = blocks.split_off(random.below(6));
            some.into_iter().for_each(|block| block.free(&ALLOCATOR));
            if round % 3 == 0 {
                Mudlark::collect();
            }
            blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
        }
    });
}

#[test]
fn mappings_that_grow_keep_their_alignment() {
    leaves_nothing(|| {
        let layout = Layout::from_size_align(1 << 20, 8 << 20).expect("a valid layout");
        let mut blocks: Vec<Block> = (0..8).map(|_| Block::new(&ALLOCATOR, layout, false, 1)).collect();
        for size in [2 << 20, 5 << 20, 9 << 20, 3 << 20] {
            for (fill, block) in (1..).zip(&mut blocks) {
                block.resize(&ALLOCATOR, size, fill);
            }
        }
        blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
    });
}

#[test]
#[cfg(all(unix, not(miri)))]
fn mappings_that_move_keep_their_alignment() {
    let align_log2s = 13..=16;
    leaves_nothing(|| {
        for align in align_log2s.map(|log2| 1 << log2) {
            let layout = Layout::from_size_align(33 << 20, align).expect("a valid layout");
            let mut blocks: Vec<Block> = (0..2).map(|_| Block::new(&ALLOCATOR, layout, false, 1)).collect();
            for size in [34 << 20, 36 << 20] {
                for (fill, block) in (1..).zip(&mut blocks) {
                    // What has an odd size is in the way, so that the next mapping is not aligned by chance.
                    let in_the_way = map_odd();
                    block.resize(&ALLOCATOR, size, fill);
                    unmap_odd(in_the_way);
                }
            }
            blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
        }
    });
}

/// No multiple of an alignment that is tested, and too large for the holes that there may be.
#[cfg(all(unix, not(miri)))]
const ODD: usize = (64 << 20) + 4096;

#[cfg(all(unix, not(miri)))]
fn map_odd() -> *mut libc::c_void {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: a new mapping disturbs nothing.
    let start = unsafe { libc::mmap(core::ptr::null_mut(), ODD, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    start
}

#[cfg(all(unix, not(miri)))]
fn unmap_odd(start: *mut libc::c_void) {
    // SAFETY: `map_odd` mapped it, and nobody uses it.
    let status = unsafe { libc::munmap(start, ODD) };
    assert_eq!(status, 0);
}

#[test]
fn statistics_count_blocks_and_large_blocks() {
    const COUNT: usize = if cfg!(miri) { 100 } else { 1000 };
    leaves_nothing(|| {
        let before = Mudlark::stats();
        let layout = Layout::from_size_align(100, 1).expect("a valid layout");
        let blocks: Vec<Block> = (0..COUNT).map(|_| Block::new(&ALLOCATOR, layout, false, 1)).collect();
        let large = Layout::from_size_align(5_000_000, 1).expect("a valid layout");
        let large = Block::new(&ALLOCATOR, large, false, 1);
        let with = Mudlark::stats();
        assert_eq!(with.blocks, before.blocks + COUNT);
        assert_eq!(with.block_bytes, before.block_bytes + COUNT * 112);
        assert_eq!(with.large_blocks, before.large_blocks + 1);
        assert_eq!(with.large_bytes, before.large_bytes + 5_000_000);
        assert!(with.page_bytes >= before.page_bytes + COUNT * 112);
        assert!(with.peak_bytes >= 5_000_000 + COUNT * 112);
        assert!(with.to_string().contains("5000000 B in 1 blocks"), "{with}");
        blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
        large.free(&ALLOCATOR);
    });
}
