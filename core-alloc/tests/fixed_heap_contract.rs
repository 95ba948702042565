//! What the heap over fixed regions does about callers who break its contract, where it can tell.

mod region_heap_contract;

use core::alloc::Layout;
use core::ptr::NonNull;

use mudlark_core_alloc::Heap;
use region_heap_contract::{LARGE, SMALL, free, heap_with_block};

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "no block begins there")]
fn the_middle_of_a_block_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block.map_addr(|address| address.saturating_add(8)), SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the block is smaller than that")]
fn a_layout_too_large_for_the_block_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block, LARGE);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "no block begins there")]
fn a_region_header_is_refused() {
    let (mut memory, mut heap, _) = heap_with_block(SMALL);
    let start = memory.as_mut_ptr();
    free(&mut heap, NonNull::new(start).expect("a vector's memory").cast(), SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the block is smaller than that")]
fn a_layout_that_leaves_the_region_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block, Layout::new::<[u64; 4096]>());
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "no block begins there")]
fn a_layout_of_another_alignment_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block.map_addr(|address| address.saturating_add(4)), LARGE);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the block is smaller than that")]
fn resizing_with_another_layout_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    // SAFETY: not kept; the debug assertions under test panic before the heap relies on it.
    unsafe { heap.reallocate(block, LARGE, 8) };
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the block is larger than that")]
fn a_layout_much_smaller_than_the_block_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block, SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "no block begins there")]
fn a_second_free_of_what_merged_is_refused() {
    let (_memory, mut heap, _) = heap_with_block(LARGE);
    let [first, second] = [(); 2].map(|()| heap.allocate(LARGE).expect("16 KiB are enough"));
    for block in [first, second, second] {
        free(&mut heap, block, LARGE);
    }
}
