//! What the heap over fixed regions does about callers who break its contract, where it can tell.
#![cfg(debug_assertions)]

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use mudlark_core_alloc::Heap;

const SMALL: Layout = Layout::new::<[u8; 24]>();
const LARGE: Layout = Layout::new::<[u64; 200]>();

type Memory = Vec<MaybeUninit<u128>>;

/// A heap with a live block for `layout` between others, and its memory, which must outlive it.
fn heap_with_block(layout: Layout) -> (Memory, Heap, NonNull<u8>) {
    let mut memory = vec![MaybeUninit::uninit(); 1024];
    let mut heap = Heap::new();
    // SAFETY: the memory goes to the caller with the heap, and is used for nothing else.
    unsafe { heap.add_region(memory.as_mut_ptr().cast(), 16 * memory.len()) }.expect("16 KiB are enough");
    let [_, block, _] = [(); 3].map(|()| heap.allocate(layout).expect("16 KiB are enough"));
    (memory, heap, block)
}

/// Breaks the contract, which the heap notices before it does any harm.
fn free(heap: &mut Heap, block: NonNull<u8>, layout: Layout) {
    // SAFETY: not kept; the debug assertions under test panic before the heap relies on it.
    unsafe { heap.deallocate(block, layout) };
}

#[test]
#[should_panic(expected = "lies in no region of this heap")]
fn a_block_from_elsewhere_is_refused() {
    let (_memory, mut heap, _) = heap_with_block(SMALL);
    let mut elsewhere = [0_u64; 3];
    free(&mut heap, NonNull::from(&mut elsewhere).cast(), SMALL);
}

#[test]
#[should_panic(expected = "no block of its page begins there")]
fn the_middle_of_a_block_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block.map_addr(|address| address.saturating_add(8)), SMALL);
}

#[test]
#[should_panic(expected = "the blocks of its page do not hold that")]
fn a_layout_too_large_for_the_page_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block, LARGE);
}

#[test]
#[should_panic(expected = "it is free already")]
fn a_second_free_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block, SMALL);
    free(&mut heap, block, SMALL);
}

#[test]
#[should_panic(expected = "it is in a region's header")]
fn a_region_header_is_refused() {
    let (mut memory, mut heap, _) = heap_with_block(SMALL);
    let start = memory.as_mut_ptr();
    free(&mut heap, NonNull::new(start).expect("a vector's memory").cast(), SMALL);
}

#[test]
#[should_panic(expected = "it ends behind its region")]
fn a_layout_that_leaves_the_region_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block, Layout::new::<[u64; 4096]>());
}

#[test]
#[should_panic(expected = "it is not aligned as that asks")]
fn a_layout_of_another_alignment_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(LARGE);
    free(&mut heap, block.map_addr(|address| address.saturating_add(4)), LARGE);
}

#[test]
#[should_panic(expected = "the blocks of its page do not hold that")]
fn resizing_with_another_layout_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    // SAFETY: not kept; the debug assertions under test panic before the heap relies on it.
    unsafe { heap.reallocate(block, LARGE, 8) };
}
