//! Requests as C makes them: of any size whatever.
#![cfg(unix)]

use core::ptr::{self, NonNull};
use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mudlark_inspect::{Malloc, Profiled, ProfiledMalloc, Profiler, Snapshot};

#[global_allocator]
static ALLOCATOR: Profiled<System> = Profiled::new(System);

/// The C library's allocator.
struct Libc;

// SAFETY: the functions do as their namesakes promise.
unsafe impl Malloc for Libc {
    fn malloc(&self, size: usize) -> *mut u8 {
        // SAFETY: it may be asked for anything.
        unsafe { libc::malloc(size) }.cast()
    }

    fn zeroed(&self, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { libc::calloc(size, 1) }.cast()
    }

    fn aligned(&self, align: usize, size: usize) -> *mut u8 {
        let mut block = ptr::null_mut();
        // SAFETY: the block is written to; an alignment that will not do is refused.
        unsafe { libc::posix_memalign(&raw mut block, align, size) };
        block.cast()
    }

    unsafe fn realloc(&self, block: NonNull<u8>, size: usize) -> *mut u8 {
        let ended = TO_END.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(profile) = ended {
            drop(profile);
            *BEGUN.lock().unwrap_or_else(PoisonError::into_inner) = Some(everything());
        }
        // SAFETY: the caller's promise is the same.
        unsafe { libc::realloc(block.as_ptr().cast(), size) }.cast()
    }

    unsafe fn free(&self, block: NonNull<u8>) {
        // SAFETY: the caller's promise is the same.
        unsafe { libc::free(block.as_ptr().cast()) }
    }

    #[cfg(target_os = "linux")]
    unsafe fn usable_size(&self, block: NonNull<u8>) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { libc::malloc_usable_size(block.as_ptr().cast()) }
    }

    #[cfg(not(target_os = "linux"))]
    unsafe fn usable_size(&self, _block: NonNull<u8>) -> usize {
        unreachable!("no block is moved here")
    }
}

/// A recording that ends while a block is resized; then another one begins.
static TO_END: Mutex<Option<Profiler>> = Mutex::new(None);

/// That other one.
static BEGUN: Mutex<Option<Profiler>> = Mutex::new(None);

/// A recording of every request.
fn everything() -> Profiler {
    Profiler::builder().interval(1).start_in_memory().expect("there is no other")
}

static MALLOC: ProfiledMalloc<Libc> = ProfiledMalloc::new(Libc);

/// What nobody has.
const TOO_LARGE: [usize; 5] =
    [1 << (usize::BITS - 1), 3 << (usize::BITS - 2), usize::MAX, usize::MAX - 4096, isize::MAX as usize];

/// There is one recording at a time.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a block is in a snapshot.
fn is_known(block: NonNull<u8>) -> bool {
    let snapshot = Snapshot::take().expect("there is a recording");
    snapshot.blocks().any(|known| known.address() == block.addr().get() as u64)
}

/// How many of a hundred blocks are recorded by sampling, each of which is ten times the interval.
fn sampled_of_a_hundred() -> usize {
    const SIZE: usize = 10_007;
    let blocks: Vec<NonNull<u8>> = (0..100).filter_map(|_| NonNull::new(MALLOC.malloc(SIZE))).collect();
    let snapshot = Snapshot::take().expect("there is a recording");
    // SAFETY: each is ours, and nobody uses it any more.
    blocks.into_iter().for_each(|block| unsafe { MALLOC.free(block) });
    snapshot.blocks().filter(|block| block.size() == SIZE as u64).count()
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn requests_that_nobody_can_serve_do_not_end_the_sampling() {
    let _one = one_at_a_time();
    let _profile = Profiler::builder().interval(1000).limit(None).start_in_memory().expect("there is no other");
    for size in TOO_LARGE {
        for _ in 0..3 {
            assert!(MALLOC.malloc(size).is_null());
            assert!(MALLOC.zeroed(size).is_null());
            assert!(MALLOC.aligned(64, size).is_null());
        }
        assert!(sampled_of_a_hundred() > 90, "after {size}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn what_was_asked_for_in_a_recording_of_everything_does_not_end_the_next_ones_sampling() {
    let _one = one_at_a_time();
    let everything = everything();
    for _ in 0..3 {
        assert!(MALLOC.malloc(1 << (usize::BITS - 2)).is_null());
    }
    drop(everything);
    let _profile = Profiler::builder().interval(1000).limit(None).start_in_memory().expect("there is no other");
    assert!(sampled_of_a_hundred() > 90);
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn a_block_that_cannot_be_resized_stays_in_the_books() {
    let _one = one_at_a_time();
    let _profile = everything();
    let block = NonNull::new(MALLOC.malloc(12_345)).expect("there is memory");
    for size in TOO_LARGE {
        // SAFETY: the block is ours, and stays so.
        assert!(unsafe { MALLOC.realloc(block, size) }.is_null());
        assert!(is_known(block), "after {size}");
    }
    // SAFETY: it is ours, and nobody uses it any more.
    unsafe { MALLOC.free(block) };
    assert!(!is_known(block));
}

/// Resizes a block, and meanwhile has a recording of everything end and another one begin, which is the answer.
fn resized_between(block: NonNull<u8>, size: usize) -> (Option<NonNull<u8>>, Profiler) {
    // SAFETY: the block is ours, and used only if there is no other.
    let resized = unsafe { MALLOC.realloc(block, size) };
    let begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner).take();
    (NonNull::new(resized), begun.expect("it began in the meantime"))
}

#[test]
#[cfg_attr(miri, ignore = "stacks cannot be walked")]
fn a_block_that_is_resized_while_the_recording_changes_is_new_to_the_other_or_unknown() {
    const LARGE: usize = 10_000_000;
    let _one = one_at_a_time();
    let set_to_end = |profile| *TO_END.lock().unwrap_or_else(PoisonError::into_inner) = Some(profile);
    let first = everything();
    let block = NonNull::new(MALLOC.malloc(LARGE)).expect("there is memory");
    set_to_end(first);
    let (refused, second) = resized_between(block, usize::MAX);
    assert_eq!(refused, None);
    assert!(!is_known(block), "it is the first one's");
    assert!(second.traced().peak < LARGE);
    set_to_end(second);
    let (resized, third) = resized_between(block, 2 * LARGE);
    let resized = resized.expect("there is memory");
    assert!(is_known(resized), "the third one has seen that it was asked for");
    assert!((2 * LARGE..3 * LARGE).contains(&third.traced().current));
    // SAFETY: it is ours, and nobody uses it any more.
    unsafe { MALLOC.free(resized) };
    assert!(!is_known(resized));
    assert!(third.traced().current < LARGE);
}

/// What has large blocks of its own pages: they take no memory before they are used.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod large_zeroes {
    use super::*;

    /// More than glibc ever takes from its heaps, where it would have to write the zeroes.
    const LARGE: usize = 64 << 20;

    /// A recording in which whatever is so large is sampled.
    fn sampling() -> Profiler {
        Profiler::builder().interval(1000).limit(None).start_in_memory().expect("there is no other")
    }

    /// The bytes of memory that this process has by now.
    fn resident() -> usize {
        let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
        let pages: usize = pages.split(' ').nth(1).expect("the second figure").parse().expect("a number");
        pages * 4096
    }

    /// Fails if `block` is not in the books, or most of it takes memory, as compared to before.
    fn assert_sampled_and_mostly_untouched(block: NonNull<u8>, before: usize) {
        let taken = resident().saturating_sub(before);
        assert!(taken < LARGE / 4, "{taken} bytes of it are resident");
        assert!(is_known(block));
    }

    /// Its first and its last byte, and one between.
    fn some_bytes(block: NonNull<u8>) -> [u8; 3] {
        // SAFETY: the block has so many bytes, and was zeroed.
        [0, LARGE / 2, LARGE - 1].map(|at| unsafe { block.as_ptr().wrapping_add(at).read() })
    }

    #[test]
    #[cfg_attr(miri, ignore = "stacks cannot be walked")]
    fn what_is_sampled_of_malloc_takes_no_memory_before_it_is_used() {
        let _one = one_at_a_time();
        let profile = sampling();
        let before = resident();
        let block = NonNull::new(MALLOC.zeroed(LARGE)).expect("there is memory");
        assert_sampled_and_mostly_untouched(block, before);
        assert_eq!(some_bytes(block), [0; 3]);
        // SAFETY: the block is ours.
        assert!((LARGE..2 * LARGE).contains(&unsafe { MALLOC.usable_size(block) }));
        // SAFETY: it has so many bytes.
        unsafe { block.as_ptr().wrapping_add(LARGE - 1).write(7) };
        // SAFETY: it is ours, and used no more.
        let grown = NonNull::new(unsafe { MALLOC.realloc(block, 2 * LARGE) }).expect("there is memory");
        assert_sampled_and_mostly_untouched(grown, before);
        assert_eq!(some_bytes(grown), [0, 0, 7]);
        assert!((2 * LARGE..3 * LARGE).contains(&profile.traced().current));
        // SAFETY: it is ours, and nobody uses it any more.
        unsafe { MALLOC.free(grown) };
        assert!(!is_known(grown));
        assert!(profile.traced().current < LARGE);
    }

    #[test]
    #[cfg_attr(miri, ignore = "stacks cannot be walked")]
    fn what_is_sampled_of_rust_takes_no_memory_before_it_is_used() {
        let _one = one_at_a_time();
        let profile = sampling();
        let before = resident();
        let mut zeroes = vec![0_u8; LARGE];
        assert_sampled_and_mostly_untouched(NonNull::from(&mut zeroes[0]), before);
        zeroes.reserve_exact(LARGE);
        assert_sampled_and_mostly_untouched(NonNull::from(&mut zeroes[0]), before);
        drop(zeroes);
        assert!(profile.traced().current < LARGE);
    }
}
