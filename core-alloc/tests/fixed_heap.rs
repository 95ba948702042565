//! The heap against the model, and what only that promises.

mod region_heap;

use core::alloc::Layout;
use core::mem::MaybeUninit;

use mudlark_core_alloc::{Heap, MeteredHeap, RegionHeap, RegionKind};

use crate::region_heap::{FILLED, Memory, Model, Random, bytes};

/// The word that the heap keeps before each block.
const TAG: usize = size_of::<usize>();

#[test]
fn a_request_takes_a_word_more_in_whole_pairs_of_words() {
    let mut model = Model::of_one(8 << 10);
    for size in (0..500).step_by(3) {
        let before = model.heap.stats().used;
        assert!(model.allocate(bytes(size)));
        let taken = model.heap.stats().used - before;
        assert_eq!(taken, (size + TAG).next_multiple_of(2 * TAG).max(4 * TAG), "{size} B");
        model.deallocate_all();
    }
}

#[test]
fn free_neighbours_merge_whatever_the_order() {
    for first in 0..3 {
        for second in (0..3).filter(|&second| second != first) {
            let mut model = Model::of_one(4 << 10);
            let blocks = [100, 200, 300, 50].map(|size| {
                assert!(model.allocate(bytes(size)));
                model.live[model.live.len() - 1].start
            });
            for index in [first, second, 3 - first - second] {
                let index = model.live.iter().position(|block| block.start == blocks[index]).expect("a live block");
                model.deallocate(index);
                assert_eq!(model.heap.verify(), Ok(()));
            }
            let free = model.heap.parts().filter(|part| !part.in_use).count();
            assert_eq!(free, 2, "what was before the last block, and what is behind it");
        }
    }
}

#[test]
fn the_largest_free_block_can_be_had_and_no_larger_one() {
    let mut model = Model::of_one(FILLED);
    let mut random = Random::new(7);
    for _ in 0..if cfg!(miri) { 3 } else { 200 } {
        while model.allocate(random.layout(800)) {}
        for _ in 0..model.live.len() / 4 {
            let some = random.below(model.live.len());
            model.deallocate(some);
        }
        let largest = model.heap.stats().largest_free;
        assert!(!model.allocate(bytes(largest + 1)));
        assert!(model.allocate(bytes(largest)), "{largest} B were refused");
    }
}

#[test]
fn a_block_grows_in_place_into_free_memory() {
    let mut model = Model::of_one(8 << 10);
    assert!(model.allocate(bytes(100)));
    let start = model.live[0].start;
    for size in [200, 1000, 3000, 6000] {
        assert!(model.reallocate(0, size));
        assert_eq!(model.live[0].start, start, "moved on the way to {size} B");
        assert_eq!(model.heap.verify(), Ok(()));
    }
}

#[test]
fn a_large_block_that_moved_to_grow_goes_on_growing_in_place() {
    let mut model = Model::of_one(64 << 10);
    assert!(model.allocate(bytes(6000)));
    assert!(model.allocate(bytes(6000)));
    let mut moves = 0;
    for size in [8000, 12_000, 18_000, 27_000, 40_000] {
        // The model has the block that it looked at last at its end.
        let growing = if size == 8000 { 0 } else { 1 };
        let before = model.live[growing].start;
        assert!(model.reallocate(growing, size), "{size} B were refused");
        moves += usize::from(model.live[1].start != before);
    }
    assert_eq!(moves, 1);
}

#[test]
fn large_blocks_are_at_the_upper_end_and_small_ones_at_the_lower() {
    let mut model = Model::of_one(64 << 10);
    let mut ends = Vec::new();
    for size in [5000, 100, 8000, 300, 4500, 20] {
        assert!(model.allocate(bytes(size)));
        ends.push((size, model.live[model.live.len() - 1].start));
    }
    let (large, small): (Vec<_>, Vec<_>) = ends.into_iter().partition(|&(size, _)| size > 1000);
    let highest_small = small.iter().map(|&(_, start)| start).max();
    assert!(large.iter().all(|&(_, start)| Some(start) > highest_small));
    assert!(large.is_sorted_by_key(|&(_, start)| core::cmp::Reverse(start)), "each below the one before");
    assert!(small.is_sorted_by_key(|&(_, start)| start), "each above the one before");
    assert_eq!(model.heap.verify(), Ok(()));
}

#[test]
fn a_block_shrinks_in_place_even_when_the_heap_is_full() {
    let mut model = Model::of_one(8 << 10);
    for size in [3000, 500, 20, 1] {
        while model.allocate(bytes(size)) {}
    }
    for index in 0..model.live.len() {
        let (start, size) = (model.live[0].start, model.live[0].layout.size());
        assert!(model.reallocate(0, size / 2), "shrinking block {index} was refused");
        assert_eq!(model.live[model.live.len() - 1].start, start);
        model.check_stats();
    }
}

#[test]
fn a_request_is_served_when_any_free_block_is_large_enough() {
    // Two free blocks of sizes that share a bin: the one found first is too small for the request.
    for (small, large) in [(700, 760), (1100, 1200), (2100, 2500)] {
        let mut model = Model::of_one(FILLED.max(16 << 10));
        for size in [large, 8, small, 8] {
            assert!(model.allocate(bytes(size)));
        }
        while let Some(largest) = Some(model.heap.stats().largest_free).filter(|&largest| largest > 0) {
            assert!(model.allocate(bytes(largest)));
        }
        for size in [large, small] {
            let index = model.live.iter().position(|block| block.layout.size() == size).expect("a live block");
            model.deallocate(index);
        }
        assert!(model.allocate(bytes(large)), "{large} B were refused");
    }
}

#[test]
fn parts_are_side_by_side_and_add_up() {
    let mut model = Model::new(vec![Memory::new(1001, 1), Memory::new(4096, 5)]);
    let mut random = Random::new(3);
    while model.allocate(random.layout(100)) {}
    model.deallocate(0);
    let stats = model.heap.stats();
    let parts: Vec<_> = model.heap.parts().collect();
    assert_eq!(parts.iter().map(|part| part.size).sum::<usize>(), stats.used + stats.free);
    assert_eq!(parts.iter().filter(|part| part.in_use).count(), stats.blocks);
    let ends_of_regions = parts.windows(2).filter(|pair| pair[0].start.get() + pair[0].size != pair[1].start.get());
    assert_eq!(ends_of_regions.count(), 1);
}

#[test]
fn a_healthy_heap_verifies() {
    let mut model = Model::new(vec![Memory::new(3000, 3), Memory::new(20_000, 0)]);
    let mut random = Random::new(11);
    for _ in 0..if cfg!(miri) { 40 } else { 4000 } {
        if random.one_in(2) || model.live.is_empty() {
            model.allocate(random.layout(2000));
        } else {
            let some = random.below(model.live.len());
            model.deallocate(some);
        }
        assert_eq!(model.heap.verify(), Ok(()));
    }
}

/// A heap with free blocks and blocks in use, and its memory.
fn holed_heap() -> (Vec<MaybeUninit<u128>>, Heap) {
    let mut memory = vec![MaybeUninit::uninit(); 256];
    let mut heap = Heap::new();
    // SAFETY: the memory goes to the caller with the heap, and is used for nothing else but damage.
    unsafe { heap.add_region(memory.as_mut_ptr().cast(), size_of_val(memory.as_slice())) }.expect("4 KiB are enough");
    let layouts = [40, 90, 30, 60, 100].map(bytes);
    let blocks = layouts.map(|layout| heap.allocate(layout).expect("4 KiB are enough"));
    for free in [1, 3] {
        // SAFETY: just allocated for it.
        unsafe { heap.deallocate(blocks[free], layouts[free]) };
    }
    (memory, heap)
}

#[test]
fn damage_to_any_word_of_the_heap_is_found() {
    let words = {
        let (memory, heap) = holed_heap();
        let base = memory.as_ptr().addr();
        let index = |address: usize| (address - base) / size_of::<usize>();
        let mut words = Vec::new();
        for part in heap.parts() {
            let start = index(part.start.get());
            words.push(start - 1);
            if !part.in_use {
                words.extend([start, start + 1, start + part.size / size_of::<usize>() - 2]);
            }
        }
        words
    };
    assert!(words.len() > 10);
    for word in words {
        let (mut memory, heap) = holed_heap();
        assert_eq!(heap.verify(), Ok(()));
        let damaged = memory.as_mut_ptr().cast::<usize>().wrapping_add(word);
        // SAFETY: the word is the heap's, which has written it.
        let healthy = unsafe { damaged.read() };
        // SAFETY: the heap is only looked at from here on.
        unsafe { damaged.write(healthy ^ (1 << 12 | 1)) };
        assert!(heap.verify().is_err(), "damage to word {word} was not found");
    }
}

#[test]
fn stats_read_as_a_table() {
    let mut model = Model::of_one(8 << 10);
    assert!(model.allocate(Layout::new::<[u64; 125]>()));
    let table = model.heap.stats().to_string();
    for line in ["total          8192 B", "used           1008 B", "blocks            1"] {
        assert!(table.lines().any(|l| l == line), "{table}");
    }
}

#[test]
fn bins_show_every_free_block_among_those_of_its_size() {
    let mut model = Model::of_one(FILLED);
    let mut random = Random::new(11);
    while model.allocate(random.layout(3000)) {}
    for _ in 0..model.live.len() / 2 {
        let some = random.below(model.live.len());
        model.deallocate(some);
    }
    let bins: Vec<_> = model.heap.bins().collect();
    let smallest: Vec<_> = bins.iter().map(|bin| bin.smallest).chain([usize::MAX]).collect();
    for (index, bin) in bins.iter().enumerate() {
        let sizes = smallest[index]..smallest[index + 1];
        let free = model.heap.parts().filter(|part| !part.in_use && sizes.contains(&part.size));
        assert_eq!(free.fold((0, 0), |(blocks, bytes), part| (blocks + 1, bytes + part.size)), (bin.blocks, bin.bytes));
    }
    assert_eq!(bins.iter().map(|bin| bin.bytes).sum::<usize>(), model.heap.stats().free);
}

#[test]
fn a_request_for_a_kind_is_served_by_such_regions_only() {
    let mut memory = [const { [MaybeUninit::<u8>::uninit(); 2048] }; 3];
    let starts = memory.each_mut().map(|region| region.as_mut_ptr().cast::<u8>());
    let kinds = [RegionKind::DMA, RegionKind::DMA.and(RegionKind::FAST), RegionKind::ANY];
    let mut heap = Heap::new();
    for (start, kind) in starts.into_iter().zip(kinds) {
        // SAFETY: the memory outlives the heap, and nothing else uses it.
        unsafe { heap.add_region_of(kind, start, 2048) }.expect("2 KiB are enough");
    }
    for (asked, regions) in [(RegionKind::FAST, 1..2), (RegionKind::DMA, 0..2), (RegionKind::ANY, 0..3)] {
        let blocks: Vec<_> = core::iter::from_fn(|| heap.allocate_in(asked, bytes(100))).collect();
        let in_region = |index: usize, address: usize| address.wrapping_sub(starts[index].addr()) < 2048;
        assert!(blocks.iter().all(|block| regions.clone().any(|index| in_region(index, block.addr().get()))));
        assert!(blocks.len() > 10 * regions.len(), "{} blocks of {regions:?}", blocks.len());
        for block in blocks {
            // SAFETY: just allocated for this.
            unsafe { heap.deallocate(block, bytes(100)) };
        }
    }
    assert_eq!(heap.allocate_in(RegionKind::custom(3), bytes(1)), None);
}

#[test]
fn a_metered_heap_knows_the_most_that_was_used() {
    let mut memory = [MaybeUninit::<u8>::uninit(); 8192];
    let mut heap = MeteredHeap::EMPTY;
    // SAFETY: the memory outlives the heap, and nothing else uses it.
    unsafe { heap.try_add_region(memory.as_mut_ptr().cast(), memory.len()) }.expect("8 KiB are enough");
    let mut random = Random::new(2);
    let (mut live, mut peak) = (Vec::new(), 0);
    for _ in 0..if cfg!(miri) { 100 } else { 5000 } {
        let layout = bytes(random.below(400));
        match random.below(3) {
            0 => live.extend(heap.allocate(layout).map(|block| (block, layout))),
            _ if live.is_empty() => {}
            1 => {
                let (block, old) = live.swap_remove(random.below(live.len()));
                // SAFETY: a live block of that layout.
                let moved = unsafe { heap.try_reallocate(block, old, layout.size()) }.expect("a live block");
                live.push(moved.map_or((block, old), |block| (block, layout)));
            }
            _ => {
                let (block, layout) = live.swap_remove(random.below(live.len()));
                // SAFETY: a live block of that layout, used no more.
                unsafe { heap.try_deallocate(block, layout) }.expect("a live block");
            }
        }
        let stats = heap.stats();
        peak = peak.max(stats.used);
        // A move has two blocks for a moment.
        assert!(stats.peak.is_some_and(|counted| (peak..=peak + 500).contains(&counted)), "{stats:?}, {peak}");
    }
    assert!(peak > 1000);
}

#[test]
fn a_small_request_is_served_when_only_a_small_block_of_an_older_region_is_free() {
    for size in [1, 5, 24, 60, 300] {
        let mut model = Model::new(vec![Memory::new(8 << 10, 0), Memory::new(4 << 10, 0)]);
        while model.allocate(bytes(400)) {}
        // The newest region is full first.
        let in_oldest = model.live.len() - 1;
        while let Some(largest) = Some(model.heap.stats().largest_free).filter(|&largest| largest > 0) {
            assert!(model.allocate(bytes(largest)));
        }
        model.deallocate(in_oldest);
        assert!(model.allocate(bytes(size)), "{size} B were refused");
        model.check_stats();
    }
}

#[test]
fn blocks_of_every_size_are_freed_between_neighbours_in_use_or_free() {
    for size in (0..6000).step_by(if cfg!(miri) { 2999 } else { 61 }) {
        for free in [[false; 2], [true, false], [false, true], [true; 2]] {
            let mut model = Model::of_one(32 << 10);
            for size in [100, 500, size, 700, 100] {
                assert!(model.allocate(bytes(size)));
            }
            let blocks = model.live.clone();
            for (block, free) in [(blocks[1], free[0]), (blocks[3], free[1]), (blocks[2], true)] {
                if free {
                    let index = model.live.iter().position(|live| live.start == block.start).expect("a live block");
                    model.deallocate(index);
                }
            }
            assert_eq!(model.heap.verify(), Ok(()), "{size} B, {free:?}");
        }
    }
}

#[test]
fn a_block_that_is_resized_is_listed_where_its_new_size_belongs() {
    let mut model = Model::of_one(32 << 10);
    for sizes in [[100, 6000], [6000, 100], [5000, 6000], [4000, 3000]] {
        for neighbour in [false, true] {
            assert!(model.allocate(bytes(sizes[0])));
            assert!(model.reallocate(0, sizes[1]));
            if neighbour {
                assert!(model.allocate(bytes(300)));
            }
            assert_eq!(model.heap.verify(), Ok(()));
            model.deallocate(0);
            assert_eq!(model.heap.verify(), Ok(()), "{sizes:?}");
            model.deallocate_all();
        }
    }
}
