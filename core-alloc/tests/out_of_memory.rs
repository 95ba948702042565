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

/// Lets a moment go by; `false`, for a search that goes on.
fn rest() -> bool {
    std::thread::sleep(core::time::Duration::from_millis(10));
    false
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
            // The janitor may be on the way home with a magazine that was in a depot.
            let all_are_home = || Mudlark::stats().blocks == 0;
            assert!((0..100).any(|_| all_are_home() || rest()), "{}", Mudlark::stats());
        }
        Block::new(&ALLOCATOR, Layout::new::<[u8; 100]>(), true, 1).free(&ALLOCATOR);
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
#[cfg(target_os = "linux")]
fn little_address_space_is_enough_for_a_little_memory() {
    let child = in_child("little_address_space_is_enough_for_a_little_memory", || {
        // The janitor's stack comes out of the same address space, at a moment of its own.
        Mudlark::set_decay(None);
        limit_address_space(address_space() + (9 << 20));
        let layout = Layout::from_size_align(100_000, 8).expect("a valid layout");
        let count = exhaust(layout);
        assert!(count * layout.size() > 3 << 20, "{count} blocks");
        // What is left of the limit can be had as one block, once the regions are empty.
        let large = Layout::from_size_align(6 << 20, 8 << 20).expect("a valid layout");
        assert_eq!(exhaust(large), 1);
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// The bytes of address space that this process has.
#[cfg(target_os = "linux")]
fn address_space() -> libc::rlim_t {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("the kernel's figures");
    let pages: libc::rlim_t = statm.split(' ').next().and_then(|field| field.parse().ok()).expect("a number");
    pages * 4096
}

#[test]
#[cfg(target_os = "linux")]
fn refused_memory_leaves_errno_alone() {
    let child = in_child("refused_memory_leaves_errno_alone", || {
        const MARK: libc::c_int = 77;
        let layout = Layout::from_size_align(40 << 20, 8).expect("a valid layout");
        let block = Block::new(&ALLOCATOR, layout, false, 1);
        limit_address_space(address_space() + (1 << 20));
        // SAFETY: every thread has an `errno`.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: it is this thread's.
        unsafe { errno.write(MARK) };
        // SAFETY: any size will do.
        let refused = unsafe { ALLOCATOR.alloc(layout) };
        // SAFETY: the block is the allocator's, and stays alive when the answer is null.
        let not_grown = unsafe { ALLOCATOR.realloc(block.start.as_ptr(), layout, 80 << 20) };
        assert!(refused.is_null() && not_grown.is_null());
        // SAFETY: it is this thread's.
        assert_eq!(unsafe { errno.read() }, MARK);
        block.free(&ALLOCATOR);
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

#[test]
fn a_block_that_shrinks_gives_its_tail_back() {
    let child = in_child("a_block_that_shrinks_gives_its_tail_back", || {
        // Once is little enough, and twice is too much.
        limit_address_space(300 << 20);
        let layout = Layout::from_size_align(150 << 20, 8).expect("a valid layout");
        let mut shrunk = Block::new(&ALLOCATOR, layout, false, 1);
        shrunk.resize(&ALLOCATOR, 40 << 20, 2);
        let in_its_place = Block::new(&ALLOCATOR, layout, true, 3);
        [shrunk, in_its_place].into_iter().for_each(|block| block.free(&ALLOCATOR));
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// Makes mappings until the system refuses; `false` when it allows for very many.
#[cfg(target_os = "linux")]
fn use_up_mappings() -> bool {
    const OS_PAGE: usize = 4096;
    const MOST: usize = 200_000;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
    // SAFETY: a new mapping disturbs nothing.
    let start = unsafe { libc::mmap(ptr::null_mut(), MOST * OS_PAGE, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    // Neighbours that may be used differently are different mappings.
    (0..MOST).step_by(2).any(|index| {
        // SAFETY: the OS page is part of the mapping, which nobody uses.
        let status = unsafe { libc::mprotect(start.wrapping_byte_add(index * OS_PAGE), OS_PAGE, libc::PROT_READ) };
        status != 0
    })
}

/// The number of OS pages of the 2 MiB at `start`, which are mapped, that memory is spent on.
#[cfg(target_os = "linux")]
fn resident_pages(start: *mut u8) -> usize {
    let mut resident = [0_u8; 512];
    // SAFETY: there is a place for each OS page's answer.
    let status = unsafe { libc::mincore(start.cast(), 2 << 20, resident.as_mut_ptr()) };
    assert_eq!(status, 0, "the memory is still mapped");
    resident.iter().filter(|&&page| page & 1 == 1).count()
}

#[test]
#[cfg(target_os = "linux")]
fn memory_goes_back_even_where_mappings_have_run_out() {
    let child = in_child("memory_goes_back_even_where_mappings_have_run_out", || {
        let layout = Layout::from_size_align(34 << 20, 8).expect("a valid layout");
        // Neighbours, which the system sees as one mapping.
        let blocks: [Block; 4] = [1; 4].map(|fill| Block::new(&ALLOCATOR, layout, false, fill));
        let start = blocks[2].start.as_ptr();
        assert_eq!(resident_pages(start), 512);
        if !use_up_mappings() {
            return;
        }
        let [first, second, middle, ..] = blocks;
        middle.free(&ALLOCATOR);
        assert_eq!(resident_pages(start), 0);
        // Those at the end of a mapping can be unmapped.
        [first, second].into_iter().for_each(|block| block.free(&ALLOCATOR));
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
