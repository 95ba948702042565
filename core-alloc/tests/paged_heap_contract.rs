//! What the heap of pages does about callers who break its contract, where it can tell.

mod region_heap_contract;

use core::alloc::Layout;
use core::ptr::NonNull;

use mudlark_core_alloc::PagedHeap as Heap;
use region_heap_contract::{LARGE, SMALL, free, heap_with_block};

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "no block of its page begins there")]
fn the_middle_of_a_block_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block.map_addr(|address| address.saturating_add(8)), SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the blocks of its page do not hold that")]
fn a_layout_too_large_for_the_page_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block, LARGE);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "it is in a region's header")]
fn a_region_header_is_refused() {
    let (mut memory, mut heap, _) = heap_with_block(SMALL);
    let start = memory.as_mut_ptr();
    free(&mut heap, NonNull::new(start).expect("a vector's memory").cast(), SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "it ends behind its region")]
fn a_layout_that_leaves_the_region_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block, Layout::new::<[u64; 4096]>());
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "it is not aligned as that asks")]
fn a_layout_of_another_alignment_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block.map_addr(|address| address.saturating_add(4)), LARGE);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "the blocks of its page do not hold that")]
fn resizing_with_another_layout_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    // SAFETY: not kept; the debug assertions under test panic before the heap relies on it.
    unsafe { heap.reallocate(block, LARGE, 8) };
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "it is more than is in use")]
fn a_run_freed_twice_when_little_else_is_in_use_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    // The other runs stay, but they are smaller than this one.
    let largest = Layout::new::<[u64; 600]>();
    let run = heap.allocate(largest).expect("16 KiB are enough");
    free(&mut heap, block, LARGE);
    free(&mut heap, run, largest);
    free(&mut heap, run, largest);
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "Hole list out of order"))]
#[cfg_attr(not(debug_assertions), should_panic(expected = "aliases existing hole"))]
fn a_run_freed_twice_is_refused_by_the_list() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block, LARGE);
    free(&mut heap, block, LARGE);
}
