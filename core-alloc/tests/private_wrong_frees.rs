//! Frees that break the contract of a private heap end the process with a message in debug builds. In child processes.

#![cfg(all(feature = "std", unix, debug_assertions, not(miri)))]

mod common;

use common::in_child;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use mudlark_core_alloc::{Mudlark, PrivateHeap};
use std::os::unix::process::ExitStatusExt;

static MUDLARK: Mudlark = Mudlark::new();

/// Sizes that are a block of a class, a run of pages, and a mapping.
const SMALL: usize = 64;
const RUN: usize = 100_000;
const MAPPED: usize = 100 << 20;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a valid layout")
}

fn allocate(allocator: &impl GlobalAlloc, size: usize) -> NonNull<u8> {
    // SAFETY: any size will do.
    NonNull::new(unsafe { allocator.alloc(layout(size)) }).expect("memory")
}

/// Frees what may not be freed, as the tests do in children that the allocator then ends.
fn free(allocator: &impl GlobalAlloc, block: NonNull<u8>, size: usize) {
    // SAFETY: it is not; the allocator aborts before anybody uses the memory.
    unsafe { allocator.dealloc(block.as_ptr(), layout(size)) };
}

/// Resizes what may not be resized.
fn resize(allocator: &impl GlobalAlloc, block: NonNull<u8>, size: usize, new_size: usize) {
    // SAFETY: it is not; the allocator aborts before anybody uses the memory.
    unsafe { allocator.realloc(block.as_ptr(), layout(size), new_size) };
}

/// A place in a block, with the alignment of all blocks.
fn middle_of(block: NonNull<u8>) -> NonNull<u8> {
    // SAFETY: all blocks here are longer than that.
    unsafe { block.byte_add(16) }
}

/// Checks that what `wrong` does with a new heap is found out at once, and `complaint` is the message.
fn aborts(name: &str, complaint: &str, wrong: fn(&PrivateHeap)) {
    let child = in_child(name, || wrong(&PrivateHeap::new()));
    let message = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.signal(), Some(libc::SIGABRT), "{message}");
    assert!(message.contains("mudlark: free of 0x"), "{message}");
    assert!(message.contains(complaint), "{message}");
}

const OF_A_PRIVATE_HEAP: &str = "it is a block of a private heap";
const OF_ANOTHER: &str = "it is no block of this private heap";
const NO_BLOCK: &str = "no block begins there";
const FREE_ALREADY: &str = "it is free already";

#[test]
fn a_private_block_freed_by_mudlark() {
    aborts("a_private_block_freed_by_mudlark", OF_A_PRIVATE_HEAP, |heap| free(&MUDLARK, allocate(heap, SMALL), SMALL));
}

#[test]
fn a_private_run_freed_by_mudlark() {
    aborts("a_private_run_freed_by_mudlark", OF_A_PRIVATE_HEAP, |heap| free(&MUDLARK, allocate(heap, RUN), RUN));
}

#[test]
fn a_private_block_resized_by_mudlark() {
    aborts("a_private_block_resized_by_mudlark", OF_A_PRIVATE_HEAP, |heap| {
        resize(&MUDLARK, allocate(heap, SMALL), SMALL, 60)
    });
}

#[test]
fn a_private_run_resized_by_mudlark() {
    aborts("a_private_run_resized_by_mudlark", OF_A_PRIVATE_HEAP, |heap| {
        resize(&MUDLARK, allocate(heap, RUN), RUN, 2 * RUN)
    });
}

#[test]
fn a_block_of_mudlark_freed_by_a_private_heap() {
    aborts("a_block_of_mudlark_freed_by_a_private_heap", OF_ANOTHER, |heap| {
        free(heap, allocate(&MUDLARK, SMALL), SMALL)
    });
}

#[test]
fn a_run_of_mudlark_freed_by_a_private_heap() {
    aborts("a_run_of_mudlark_freed_by_a_private_heap", OF_ANOTHER, |heap| free(heap, allocate(&MUDLARK, RUN), RUN));
}

#[test]
fn a_mapping_of_mudlark_freed_by_a_private_heap() {
    aborts("a_mapping_of_mudlark_freed_by_a_private_heap", NO_BLOCK, |heap| {
        free(heap, allocate(&MUDLARK, MAPPED), MAPPED)
    });
}

#[test]
fn a_block_of_another_private_heap() {
    aborts("a_block_of_another_private_heap", OF_ANOTHER, |heap| {
        let other = PrivateHeap::new();
        let [_own, foreign] = [heap, &other].map(|heap| allocate(heap, SMALL));
        free(heap, foreign, SMALL);
    });
}

#[test]
fn a_run_of_another_private_heap() {
    aborts("a_run_of_another_private_heap", OF_ANOTHER, |heap| {
        let other = PrivateHeap::new();
        let [_own, foreign] = [heap, &other].map(|heap| allocate(heap, RUN));
        free(heap, foreign, RUN);
    });
}

#[test]
fn a_block_of_a_heap_whose_place_another_one_has_taken() {
    aborts("a_block_of_a_heap_whose_place_another_one_has_taken", OF_ANOTHER, |_| {
        let mut heap = PrivateHeap::new();
        let block = allocate(&heap, SMALL);
        heap = PrivateHeap::new();
        assert_eq!(allocate(&heap, SMALL), block, "the page is used again");
        let other = PrivateHeap::new();
        free(&other, block, SMALL);
    });
}

#[test]
fn a_block_freed_twice() {
    aborts("a_block_freed_twice", FREE_ALREADY, |heap| {
        let block = allocate(heap, SMALL);
        free(heap, block, SMALL);
        free(heap, block, SMALL);
    });
}

#[test]
fn a_block_freed_twice_long_ago() {
    aborts("a_block_freed_twice_long_ago", FREE_ALREADY, |heap| {
        let (kept, freed): (Vec<_>, Vec<_>) =
            (0..5000).map(|_| allocate(heap, SMALL)).enumerate().partition(|(index, _)| index % 100 == 0);
        freed.iter().for_each(|&(_, block)| free(heap, block, SMALL));
        assert!(!kept.is_empty(), "no page has gone");
        free(heap, freed[4000].1, SMALL);
    });
}

#[test]
fn a_run_freed_twice() {
    aborts("a_run_freed_twice", OF_ANOTHER, |heap| {
        let block = allocate(heap, RUN);
        let _other = allocate(heap, RUN);
        free(heap, block, RUN);
        free(heap, block, RUN);
    });
}

#[test]
fn a_mapping_freed_twice() {
    aborts("a_mapping_freed_twice", NO_BLOCK, |heap| {
        let block = allocate(heap, MAPPED);
        free(heap, block, MAPPED);
        free(heap, block, MAPPED);
    });
}

#[test]
fn a_layout_of_another_class() {
    aborts("a_layout_of_another_class", "its Layout is one of 112 B blocks, but its page has 64 B ones", |heap| {
        free(heap, allocate(heap, SMALL), 100)
    });
}

#[test]
fn a_run_of_another_size() {
    aborts("a_run_of_another_size", "its Layout is one of 100001 B, but the block has 100000 B", |heap| {
        free(heap, allocate(heap, RUN), RUN + 1)
    });
}

#[test]
fn a_mapping_of_another_size() {
    aborts("a_mapping_of_another_size", "but the block has 104857600 B", |heap| {
        resize(heap, allocate(heap, MAPPED), MAPPED - 1, MAPPED)
    });
}

#[test]
fn a_block_as_a_run() {
    aborts("a_block_as_a_run", NO_BLOCK, |heap| free(heap, allocate(heap, SMALL), RUN));
}

#[test]
fn a_run_as_a_block() {
    aborts("a_run_as_a_block", NO_BLOCK, |heap| free(heap, allocate(heap, RUN), SMALL));
}

#[test]
fn the_middle_of_a_block() {
    aborts("the_middle_of_a_block", NO_BLOCK, |heap| free(heap, middle_of(allocate(heap, SMALL)), SMALL));
}

#[test]
fn the_middle_of_a_run() {
    aborts("the_middle_of_a_run", NO_BLOCK, |heap| free(heap, middle_of(allocate(heap, RUN)), RUN));
}

#[test]
fn memory_of_somebody_else() {
    aborts("memory_of_somebody_else", NO_BLOCK, |heap| {
        free(heap, NonNull::from(Box::leak(Box::new([0_u8; SMALL]))).cast(), SMALL)
    });
}
