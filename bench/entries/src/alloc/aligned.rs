//! Blocks with a large alignment: cache lines (64) and OS pages (4096), as queues and I/O buffers want them. Random ones of
//! a small window are replaced. One operation is a replacement.

use core::hint::black_box;
use core::mem::MaybeUninit;

use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

const WINDOW: usize = 256;

#[repr(align(64))]
struct CacheLines {
    mark: u64,
    _rest: MaybeUninit<[u8; 184]>,
}

#[repr(align(4096))]
struct OsPage {
    mark: u64,
    _rest: MaybeUninit<[u8; 4088]>,
}

/// Replaces `replacements` blocks of 192 bytes that begin a cache line.
pub(crate) fn cache_line(replacements: usize) -> Outcome {
    run(
        replacements,
        |mark| Box::new(CacheLines { mark, _rest: MaybeUninit::uninit() }),
        |block| block.mark ^ misplaced::<CacheLines>(block),
    )
}

/// Replaces `replacements` blocks of 4096 bytes that begin an OS page.
pub(crate) fn os_page(replacements: usize) -> Outcome {
    run(
        replacements,
        |mark| Box::new(OsPage { mark, _rest: MaybeUninit::uninit() }),
        |block| block.mark ^ misplaced::<OsPage>(block),
    )
}

/// What an address has too much to be aligned: zero, or the checksum tells.
fn misplaced<T>(block: &T) -> u64 {
    (core::ptr::from_ref(black_box(block)).addr() % align_of::<T>()) as u64
}

fn run<T>(replacements: usize, make: impl Fn(u64) -> Box<T>, read: impl Fn(&T) -> u64) -> Outcome {
    let mut random = Random::new(19);
    let mut window: Vec<Box<T>> = (0..WINDOW as u64).map(&make).collect();
    timed(replacements, || {
        let mut checksum = 0;
        for mark in 0..replacements as u64 {
            let slot = random.below(WINDOW);
            checksum = mix(checksum, read(&window[slot]));
            window[slot] = black_box(make(mark));
        }
        checksum
    })
}
