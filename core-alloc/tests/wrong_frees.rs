//! Frees that break the contract end the process with a message in debug builds, and with the feature `hardened`. In child
//! processes.

#![cfg(all(feature = "std", unix, any(debug_assertions, feature = "hardened"), not(miri)))]

mod common;

use common::in_child;
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicPtr, Ordering};
use mudlark_core_alloc::Mudlark;
use std::os::unix::process::ExitStatusExt;

static ALLOCATOR: Mudlark = Mudlark::new();

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a valid layout")
}

fn allocate(size: usize) -> *mut u8 {
    // SAFETY: any size will do.
    let block = unsafe { ALLOCATOR.alloc(layout(size)) };
    assert!(!block.is_null());
    block
}

/// Frees what may not be freed, as the tests do in children that the allocator then ends.
fn free(block: *mut u8, size: usize) {
    // SAFETY: it is not; the allocator aborts before anybody uses the memory.
    unsafe { ALLOCATOR.dealloc(block, layout(size)) };
}

/// Resizes what may not be resized.
fn resize(block: *mut u8, size: usize, new_size: usize) {
    // SAFETY: it is not; the allocator aborts before anybody uses the memory.
    unsafe { ALLOCATOR.realloc(block, layout(size), new_size) };
}

/// Checks that `wrong` is found out at once, and `complaint` is the message.
fn aborts(name: &str, complaint: &str, wrong: fn()) {
    let message = last_words(name, wrong);
    assert!(message.contains("mudlark: free of 0x"), "{message}");
    assert!(message.contains(complaint), "{message}");
}

/// What a child says that is ended for what it does.
fn last_words(name: &str, wrong: fn()) -> String {
    let child = in_child(name, wrong);
    let message = String::from_utf8_lossy(&child.stderr).into_owned();
    assert_eq!(child.status.signal(), Some(libc::SIGABRT), "{message}");
    message
}

/// Writes where nothing is to be written.
fn scribble(free: *mut u8, offset: usize) {
    // SAFETY: it is not, but the memory is there.
    unsafe { free.wrapping_add(offset).write_volatile(0x5A) };
}

#[test]
fn a_layout_of_another_class() {
    let complaint = "its Layout is one of 112 B blocks, but its page has 64 B ones";
    aborts("a_layout_of_another_class", complaint, || free(allocate(64), 100));
}

#[test]
fn a_block_freed_twice() {
    aborts("a_block_freed_twice", "it is free already", || {
        let block = allocate(64);
        let _other = allocate(64);
        free(block, 64);
        free(block, 64);
    });
}

#[test]
fn a_block_freed_twice_long_ago() {
    aborts("a_block_freed_twice_long_ago", "it is free already", || {
        let block = allocate(64);
        let others: Vec<_> = (0..100).map(|_| allocate(64)).collect();
        free(block, 64);
        others.into_iter().for_each(|other| free(other, 64));
        free(block, 64);
        Mudlark::collect();
    });
}

#[test]
fn a_block_freed_twice_that_lies_in_a_depot() {
    const SIZE: usize = 16 * 1024;
    aborts("a_block_freed_twice_that_lies_in_a_depot", "it is free already", || {
        let blocks = [(); 4].map(|()| allocate(SIZE));
        for block in blocks {
            free(block, SIZE);
        }
        free(blocks[0], SIZE);
    });
}

#[test]
fn a_block_freed_twice_by_two_threads() {
    aborts("a_block_freed_twice_by_two_threads", "it is free already", || {
        let block = AtomicPtr::new(allocate(64));
        let free_block = || free(block.load(Ordering::Relaxed), 64);
        std::thread::scope(|scope| {
            scope.spawn(free_block);
        });
        free_block();
    });
}

#[test]
fn a_free_block_whose_link_was_overwritten() {
    let message = last_words("a_free_block_whose_link_was_overwritten", || {
        let block = allocate(64);
        free(block, 64);
        scribble(block, 3);
        allocate(64);
    });
    assert!(message.contains("mudlark: the free block at 0x"), "{message}");
    assert!(message.contains("has been written to"), "{message}");
}

#[test]
fn a_block_is_no_free_one_because_it_holds_what_that_left() {
    // Not ended: a block that nobody has written to since it was handed out again.
    let block = allocate(64);
    free(block, 64);
    let again = allocate(64);
    free(again, 64);
}

#[test]
fn a_block_of_another_class_resized_in_place() {
    let complaint = "its Layout is one of 112 B blocks, but its page has 64 B ones";
    aborts("a_block_of_another_class_resized_in_place", complaint, || resize(allocate(64), 100, 102));
}

#[test]
fn a_block_of_another_class_resized_elsewhere() {
    let complaint = "its Layout is one of 112 B blocks, but its page has 64 B ones";
    aborts("a_block_of_another_class_resized_elsewhere", complaint, || resize(allocate(64), 100, 1000));
}

#[test]
fn a_resized_block_that_is_free() {
    aborts("a_resized_block_that_is_free", "it is free already", || {
        let block = allocate(64);
        free(block, 64);
        resize(block, 64, 60);
    });
}

#[test]
fn what_is_left_of_a_page_behind_its_last_block() {
    const SIZE: usize = 20 * 1024;
    aborts("what_is_left_of_a_page_behind_its_last_block", "no block begins there", || {
        let last = (0..100).map(|_| allocate(SIZE)).find(|block| block.addr() % (64 << 10) == 2 * SIZE);
        free(last.expect("a third block").wrapping_add(SIZE), SIZE);
    });
}

#[test]
fn the_middle_of_a_block() {
    aborts("the_middle_of_a_block", "no block begins there", || {
        let block = allocate(64);
        free(block.wrapping_add(16), 64);
    });
}

#[test]
fn memory_of_somebody_else() {
    aborts("memory_of_somebody_else", "no block begins there", || {
        let foreign = Box::leak(Box::new([0_u8; 64]));
        free(foreign.as_mut_ptr(), 64);
    });
}

#[test]
fn a_large_block_as_a_small_one() {
    aborts("a_large_block_as_a_small_one", "no block begins there", || free(allocate(100_000), 64));
}

#[test]
fn a_small_block_as_a_large_one() {
    let complaint = "its Layout is a large block's, but it lies in a page of blocks";
    aborts("a_small_block_as_a_large_one", complaint, || free(allocate(64), 50_000));
}

#[test]
fn a_large_block_freed_twice() {
    aborts("a_large_block_freed_twice", "are in use", || {
        let block = allocate(100_000);
        let _other = allocate(100_000);
        free(block, 100_000);
        free(block, 100_000);
    });
}

#[test]
fn the_middle_of_a_large_block() {
    aborts("the_middle_of_a_large_block", "no large block begins there", || {
        free(allocate(100_000).wrapping_add(8), 50_000)
    });
}

#[test]
fn a_small_block_resized_as_a_large_one() {
    let complaint = "its Layout is a large block's, but it lies in a page of blocks";
    aborts("a_small_block_resized_as_a_large_one", complaint, || resize(allocate(64), 50_000, 50_001));
}

#[test]
fn a_block_of_a_region_resized_as_a_mapping() {
    let complaint = "has a mapping of its own";
    aborts("a_block_of_a_region_resized_as_a_mapping", complaint, || resize(allocate(64), 50_000_000, 2_000_000));
}

#[test]
fn a_block_of_a_region_resized_as_a_larger_mapping() {
    let complaint = "has a mapping of its own";
    let name = "a_block_of_a_region_resized_as_a_larger_mapping";
    aborts(name, complaint, || resize(allocate(64), 50_000_000, 60_000_000));
}

#[test]
fn a_block_of_a_region_as_a_mapping() {
    aborts("a_block_of_a_region_as_a_mapping", "has a mapping of its own", || free(allocate(64), 50_000_000));
}
