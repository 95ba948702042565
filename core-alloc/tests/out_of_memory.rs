//! What happens when the system has no more memory. In a child process, whose address space is limited.

#![cfg(all(feature = "std", unix, not(miri)))]

mod common;

use common::{Block, in_child};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use mudlark_core_alloc::Mudlark;

static ALLOCATOR: Mudlark = Mudlark::new();

fn limit_address_space(bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the limit is a valid one, and only read.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(status, 0);
}

/// Allocates blocks until there is no more memory, then frees them all. Returns their number.
///
/// The blocks hold the list of themselves, for there is no memory for one elsewhere.
fn exhaust(layout: Layout) -> usize {
    let mut last: *mut u8 = ptr::null_mut();
    let mut count = 0;
    loop {
        // SAFETY: any size will do.
        let block = unsafe { ALLOCATOR.alloc(layout) };
        if block.is_null() {
            break;
        }
        // SAFETY: the block has room for a pointer, and is aligned for one.
        unsafe { block.cast::<*mut u8>().write(last) };
        last = block;
        count += 1;
    }
    while !last.is_null() {
        // SAFETY: the loop above wrote it.
        let before = unsafe { last.cast::<*mut u8>().read() };
        // SAFETY: allocated above for this layout, and not used any more.
        unsafe { ALLOCATOR.dealloc(last, layout) };
        last = before;
    }
    count
}

#[test]
fn exhaustion_is_survived() {
    let child = in_child("exhaustion_is_survived", || {
        limit_address_space(160 << 20);
        let sizes = [48, 3000, 500, 32 << 10, 100_000, 1 << 20, 5 << 20, 100];
        for size in sizes {
            let layout = Layout::from_size_align(size, 8).expect("a valid layout");
            let first = exhaust(layout);
            Mudlark::collect();
            let second = exhaust(layout);
            // Whatever was in the way is gone when all is free: as much space can be had each time.
            assert!(first * size > 40 << 20, "{first} blocks of {size} B");
            assert!(second * size > 40 << 20, "{second} blocks of {size} B the second time");
            assert_eq!(Mudlark::stats().blocks, 0);
        }
        Block::new(&ALLOCATOR, Layout::new::<[u8; 100]>(), true, 1).free(&ALLOCATOR);
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn aligned_blocks_leave_no_address_space_behind() {
    let child = in_child("aligned_blocks_leave_no_address_space_behind", || {
        limit_address_space(160 << 20);
        let layout = Layout::from_size_align(2 << 20, 16 << 20).expect("a valid layout");
        for round in 0..200 {
            // Two at a time, so that not both can lie where the system would put them anyway.
            let pair = [1, 2].map(|fill| Block::new(&ALLOCATOR, layout, true, fill));
            pair.into_iter().for_each(|block| block.free(&ALLOCATOR));
            assert_eq!(Mudlark::stats().large_blocks, 0, "round {round}");
        }
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
