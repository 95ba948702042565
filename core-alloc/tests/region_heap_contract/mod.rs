//! Callers who break the contract of a heap over fixed regions: what is noticed in the same words by all. `super::Heap` is the
//! heap.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic;

use super::Heap;

pub(crate) const SMALL: Layout = Layout::new::<[u8; 24]>();
pub(crate) const LARGE: Layout = Layout::new::<[u64; 200]>();

pub(crate) type Memory = Vec<MaybeUninit<u128>>;

/// A heap with a live block for `layout` between others, and its memory, which must outlive it.
pub(crate) fn heap_with_block(layout: Layout) -> (Memory, Heap, NonNull<u8>) {
    let mut memory = vec![MaybeUninit::uninit(); 1024];
    let mut heap = Heap::new();
    // SAFETY: the memory goes to the caller with the heap, and is used for nothing else.
    unsafe { heap.add_region(memory.as_mut_ptr().cast(), 16 * memory.len()) }.expect("16 KiB are enough");
    let [_, block, _] = [(); 3].map(|()| heap.allocate(layout).expect("16 KiB are enough"));
    (memory, heap, block)
}

/// Breaks the contract, which the heap notices before it does any harm.
pub(crate) fn free(heap: &mut Heap, block: NonNull<u8>, layout: Layout) {
    // SAFETY: not kept; the debug assertions under test panic before the heap relies on it.
    unsafe { heap.deallocate(block, layout) };
}

#[test]
fn memory_that_a_region_has_part_of_is_refused_whole() {
    const LEN: usize = 64;
    let mut memory = vec![MaybeUninit::<u128>::uninit(); 3 * LEN];
    let start = memory.as_mut_ptr();
    let mut heap = Heap::new();
    let mut add = |first: usize, len: usize| {
        let start = start.wrapping_add(first).cast();
        // SAFETY: the memory outlives the heap, and is used for nothing else; what the heap has, it refuses.
        unsafe { heap.add_region(start, 16 * len) }
    };
    assert_eq!(add(LEN, LEN), Ok(()));
    for (first, len) in [(LEN, LEN), (0, LEN + 1), (2 * LEN - 1, LEN), (LEN + 10, 10), (0, 3 * LEN)] {
        let added = panic::catch_unwind(AssertUnwindSafe(|| add(first, len)));
        let message = added.expect_err("memory that is the heap's already");
        assert!(message.downcast_ref::<&str>().is_some_and(|message| message.contains("in a region of this heap")));
    }
    // Neighbours are welcome.
    assert_eq!([add(0, LEN), add(2 * LEN, LEN)], [Ok(()); 2]);
    assert_eq!(heap.stats().total, 3 * 16 * LEN);
}

#[test]
#[should_panic(expected = "lies in no region of this heap")]
fn a_block_from_elsewhere_is_refused() {
    let (_memory, mut heap, _) = heap_with_block(SMALL);
    let mut elsewhere = [0_u64; 3];
    free(&mut heap, NonNull::from(&mut elsewhere).cast(), SMALL);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a check of debug builds")]
#[should_panic(expected = "it is free already")]
fn a_second_free_is_refused() {
    let (_memory, mut heap, block) = heap_with_block(SMALL);
    free(&mut heap, block, SMALL);
    free(&mut heap, block, SMALL);
}
