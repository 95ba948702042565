//! Private heaps: against a model of the live blocks, and what becomes of the memory when they are dropped.

#![cfg(feature = "std")]

mod common;

use common::{Block, Disjoint, Random};
use core::alloc::Layout;
use core::mem;
use mudlark_core_alloc::{Mudlark, PrivateHeap, PrivateHeapStats, SizeClass, Stats};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// The statistics are the whole process's: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn layout(size: usize, align: usize) -> Layout {
    match Layout::from_size_align(size, align) {
        Ok(layout) => layout,
        Err(_) => panic!("a valid layout"),
    }
}

/// A size that has a mapping of its own, wherever the limit is.
const MAPPED: usize = if cfg!(miri) { 5 << 20 } else { 33 << 20 };
/// A size that is a run of pages.
const RUN: usize = 100_000;

/// What the process has in use of the allocator, with no spare memory kept.
fn in_use() -> (usize, usize, usize, usize) {
    Mudlark::collect();
    let Stats { page_bytes, large_blocks, large_bytes, blocks, .. } = Mudlark::stats();
    (page_bytes, large_blocks, large_bytes, blocks)
}

/// Runs `test`, and checks that all memory is back when it has dropped its heaps.
fn returns_everything(test: impl FnOnce()) {
    let _turn = my_turn();
    let before = in_use();
    test();
    assert_eq!(in_use(), before);
}

/// Random steps with up to `most` live blocks of up to `2^log2_size` bytes, which are then left to the heap's drop.
fn agrees_with_the_model(heap: &PrivateHeap, steps: usize, most: usize, log2_size: usize, log2_align: usize) {
    let random = &mut Random::announced(23);
    let mut live: Vec<Block> = Vec::new();
    let mut disjoint = Disjoint::default();
    for step in 0..steps {
        let fill = u8::try_from(step % 255).expect("below 255") + 1;
        match random.below(8) {
            0..4 if live.len() < most => {
                let block = Block::new(heap, random.layout(log2_size, log2_align), random.below(3) == 0, fill);
                disjoint.add(&block);
                live.push(block);
            }
            4 if !live.is_empty() => {
                let index = random.below(live.len());
                disjoint.remove(&live[index]);
                live[index].resize(heap, random.size(log2_size), fill);
                disjoint.add(&live[index]);
            }
            _ if !live.is_empty() => {
                let block = live.swap_remove(random.below(live.len()));
                disjoint.remove(&block);
                block.free(heap);
            }
            _ => {}
        }
        if step % 64 == 0 {
            assert_counts(heap, &live);
        }
    }
    for block in &mut live {
        block.check(block.layout.size());
    }
}

/// Checks that the heap counts the blocks that are live, and no others.
fn assert_counts(heap: &PrivateHeap, live: &[Block]) {
    let (small, large): (Vec<Layout>, Vec<Layout>) =
        live.iter().map(|block| block.layout).partition(|&layout| SizeClass::of(layout).is_some());
    let stats = heap.stats();
    assert_eq!((stats.blocks, stats.large_blocks), (small.len(), large.len()), "{stats}");
    let small_bytes = small.into_iter().filter_map(SizeClass::of).map(SizeClass::block_size).sum();
    let large_bytes = large.into_iter().map(|layout| layout.size()).sum();
    assert_eq!((stats.block_bytes, stats.large_bytes), (small_bytes, large_bytes), "{stats}");
    assert!(stats.page_bytes >= stats.block_bytes, "{stats}");
}

#[test]
fn blocks_of_every_size_and_alignment_agree_with_the_model() {
    let steps = if cfg!(miri) { 100 } else { 8_000 };
    returns_everything(|| agrees_with_the_model(&PrivateHeap::new(), steps, 60, 23, 22));
}

#[test]
fn many_small_blocks_agree_with_the_model() {
    let steps = if cfg!(miri) { 200 } else { 40_000 };
    returns_everything(|| agrees_with_the_model(&PrivateHeap::new(), steps, 10_000, 12, 9));
}

#[test]
fn runs_of_pages_agree_with_the_model() {
    let steps = if cfg!(miri) { 60 } else { 4_000 };
    returns_everything(|| agrees_with_the_model(&PrivateHeap::new(), steps, 300, 20, 20));
}

#[test]
fn mappings_agree_with_the_model() {
    let steps = if cfg!(miri) { 12 } else { 40 };
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let random = &mut Random::announced(29);
        let mut live: Vec<Block> = Vec::new();
        for fill in 1..steps {
            let size = MAPPED + random.below(MAPPED / 4);
            match random.below(3) {
                0 if !live.is_empty() => live.swap_remove(random.below(live.len())).free(&heap),
                1 if !live.is_empty() => {
                    let index = random.below(live.len());
                    live[index].resize(&heap, size, fill);
                }
                _ if live.len() < 4 => live.push(Block::new(&heap, layout(size, 8), fill % 2 == 0, fill)),
                _ => {}
            }
            assert_counts(&heap, &live);
        }
    });
}

#[test]
fn a_dropped_heap_returns_what_is_still_in_use() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        // Of one class exhausted pages, of the others some with free blocks, and of all but few blocks in the bins.
        for _ in 0..if cfg!(miri) { 80 } else { 2000 } {
            assert!(heap.allocate(layout(2048, 8)).is_some());
        }
        for size in [1, 100, 1000, 10_000, 32_768] {
            let [first, second] = [(); 2].map(|()| heap.allocate(layout(size, 1)).expect("memory"));
            assert_ne!(first, second);
            // SAFETY: just allocated, and not used.
            unsafe { heap.deallocate(first, layout(size, 1)) };
        }
        for size in [RUN, 3 * RUN, MAPPED, MAPPED + 1] {
            assert!(heap.allocate(layout(size, 1)).is_some());
        }
        let stats = heap.stats();
        assert_eq!((stats.blocks, stats.large_blocks), (if cfg!(miri) { 85 } else { 2005 }, 4), "{stats}");
        let all = Mudlark::stats();
        assert_eq!((all.mapped_blocks, all.mapped_bytes), (2, 2 * MAPPED + 1), "{all}");
    });
}

#[test]
fn a_heap_without_use_takes_no_memory() {
    returns_everything(|| {
        let before = Mudlark::stats();
        let heaps = [const { PrivateHeap::new() }; 10];
        assert_eq!(Mudlark::stats(), before);
        assert!(heaps.iter().all(|heap| heap.stats() == PrivateHeapStats::default()));
    });
}

#[test]
fn heaps_do_not_share_pages() {
    const PAGE: usize = 64 << 10;
    returns_everything(|| {
        let [one, other] = [PrivateHeap::new(), PrivateHeap::new()];
        let mut pages = [HashSet::new(), HashSet::new()];
        for _ in 0..100 {
            for (heap, pages) in [&one, &other].into_iter().zip(&mut pages) {
                let block = heap.allocate(layout(1000, 8)).expect("memory");
                pages.insert(block.addr().get() / PAGE);
            }
        }
        assert!(pages[0].is_disjoint(&pages[1]));
        drop(one);
        assert_eq!(other.stats().blocks, 100, "the other one has lost nothing");
    });
}

#[test]
fn freed_blocks_are_used_again() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let count = if cfg!(miri) { 50 } else { 20_000 };
        let mut most = 0;
        for round in 0..4 {
            let blocks: Vec<Block> = (0..count).map(|_| Block::new(&heap, layout(100, 4), false, 1)).collect();
            if round == 0 {
                most = heap.stats().page_bytes;
            }
            assert_eq!(heap.stats().page_bytes, most, "round {round}");
            blocks.into_iter().for_each(|block| block.free(&heap));
        }
        let stats = heap.stats();
        assert_eq!(stats.blocks, 0);
        assert!(stats.page_bytes <= most.min(3 * (64 << 10)), "unused pages went back: {stats}");
    });
}

#[test]
fn a_heap_moves_to_another_thread_with_its_blocks() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let sizes = [20, 3000, RUN, MAPPED];
        let blocks: Vec<Block> =
            (1..).zip(sizes).map(|(fill, size)| Block::new(&heap, layout(size, 8), false, fill)).collect();
        let (heap, blocks) = thread::spawn(move || {
            let mut blocks = blocks;
            let last = blocks.pop().expect("four blocks");
            last.free(&heap);
            blocks.push(Block::new(&heap, layout(500, 8), true, 9));
            (heap, blocks)
        })
        .join()
        .expect("a thread that ends well");
        assert_counts(&heap, &blocks);
        let (kept, freed): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(index, _)| index % 2 == 0);
        freed.into_iter().for_each(|(_, block)| block.free(&heap));
        thread::spawn(move || drop(heap)).join().expect("a thread that ends well");
        drop(kept);
    });
}

#[test]
fn threads_with_heaps_of_their_own_do_not_disturb_each_other() {
    let steps = if cfg!(miri) { 40 } else { 5000 };
    returns_everything(|| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| agrees_with_the_model(&PrivateHeap::new(), steps, 100, 18, 12));
            }
        });
    });
}

#[test]
fn a_heap_may_be_dropped_when_its_thread_ends() {
    thread_local! {
        static HEAP: PrivateHeap = const { PrivateHeap::new() };
    }
    returns_everything(|| {
        let work = || {
            let place = HEAP.with(|heap| heap.allocate(layout(100, 4)).expect("memory").addr());
            assert_ne!(place.get(), 0);
            HEAP.with(|heap| assert!(heap.allocate(layout(RUN, 4)).is_some()));
        };
        thread::spawn(work).join().expect("a thread that ends well");
    });
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn a_forgotten_heap_leaks_its_memory_and_no_more() {
    let _turn = my_turn();
    let (page_bytes, large_blocks, ..) = in_use();
    let heap = PrivateHeap::new();
    let block = heap.allocate(layout(100, 1)).expect("memory");
    assert!(heap.allocate(layout(RUN, 1)).is_some());
    mem::forget(heap);
    // SAFETY: the block is ours for good.
    unsafe { block.write(1) };
    assert_eq!((in_use().0, in_use().1), (page_bytes + (64 << 10), large_blocks + 1));
    agrees_with_the_model(&PrivateHeap::new(), 1000, 50, 17, 10);
    // SAFETY: as above.
    assert_eq!(unsafe { block.read() }, 1);
}

#[test]
#[cfg_attr(miri, ignore = "Miri gives up where a system refuses")]
#[cfg_attr(not(target_pointer_width = "64"), ignore = "half of the addresses may be there to be had")]
fn a_refused_request_changes_nothing() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let largest = isize::MAX.cast_unsigned();
        for (size, align) in [(largest, 1), (largest / 2, 1), (1 << 20, largest / 2 + 1), (0, largest / 2 + 1)] {
            assert_eq!(heap.allocate(layout(size, align)), None);
            assert_eq!(heap.allocate_zeroed(layout(size, align)), None);
        }
        for size in [100, RUN, 4_000_000, MAPPED] {
            let mut block = Block::new(&heap, layout(size, 8), false, 0x5A);
            for too_much in [largest - 7, usize::MAX] {
                // SAFETY: the block is the heap's, and stays alive when the answer is `None`.
                assert_eq!(unsafe { heap.reallocate(block.start, block.layout, too_much) }, None);
            }
            assert_counts(&heap, core::slice::from_ref(&block));
            block.check(size);
            block.free(&heap);
        }
    });
}

#[test]
fn a_block_stays_where_its_class_stays_and_a_run_grows_in_place() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let mut small = Block::new(&heap, layout(130, 1), false, 1);
        let start = small.start;
        small.resize(&heap, 144, 2);
        assert_eq!(small.start, start);
        small.resize(&heap, 145, 3);
        assert_ne!(small.start, start);
        let mut run = Block::new(&heap, layout(RUN, 1), false, 1);
        let start = run.start;
        for size in [1 << 20, 40_000] {
            run.resize(&heap, size, 2);
            assert_eq!(run.start, start);
        }
    });
}

#[test]
fn zero_bytes_and_large_alignments_are_served() {
    returns_everything(|| {
        let heap = PrivateHeap::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut disjoint = Disjoint::default();
        for align in [1, 16, 4096, 64 << 10, 1 << 20, 8 << 20] {
            for size in [0, 1, align] {
                let block = Block::new(&heap, layout(size, align), true, 1);
                disjoint.add(&block);
                blocks.push(block);
            }
        }
        assert_counts(&heap, &blocks);
        blocks.into_iter().step_by(2).for_each(|block| block.free(&heap));
    });
}

#[test]
fn a_heap_says_what_it_has() {
    let _turn = my_turn();
    let heap = PrivateHeap::default();
    assert!(heap.allocate(layout(100, 1)).is_some());
    assert!(heap.allocate(layout(RUN, 1)).is_some());
    let text = heap.stats().to_string();
    assert!(text.contains("112 B in 1 blocks") && text.contains("100000 B in 1 blocks"), "{text}");
    assert!(format!("{heap:?}").contains("large_blocks: 1"), "{heap:?}");
}
