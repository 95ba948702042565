//! Heaps that grow by what the board's own allocator of pages gives them.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::NonNull;

use critical_section::Mutex;
use mudlark_core_alloc::{CriticalSectionLock, GrowingHeap, LockedHeap, PageSource};

use crate::board;

const PAGE: usize = 4096;

/// How many pages the board's allocator has given out of the memory behind the image. None comes back.
static GIVEN: Mutex<Cell<usize>> = Mutex::new(Cell::new(0));

/// So many pages in a row.
fn take_pages(count: usize) -> Option<NonNull<u8>> {
    let first = critical_section::with(|section| GIVEN.borrow(section).replace(GIVEN.borrow(section).get() + count));
    assert!((first + count) * PAGE <= board::FREE_MEMORY, "heaps are given less");
    NonNull::new(board::free_memory().wrapping_add(first * PAGE))
}

/// Up to `MOST` pages of the board's.
struct Pages<const MOST: usize> {
    given: usize,
}

// SAFETY: the linker script keeps the pages free, and each is given out once.
unsafe impl<const MOST: usize> PageSource for Pages<MOST> {
    const INIT: Self = Self { given: 0 };

    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
        // Sixteen at least, so that the regions stay few.
        let pages = bytes.div_ceil(PAGE).max(16).min(MOST - self.given);
        if pages * PAGE < bytes {
            return None;
        }
        self.given += pages;
        Some(NonNull::slice_from_raw_parts(take_pages(pages)?, pages * PAGE))
    }
}

/// So many pages are for one processor, and the others for two.
const ALONE: usize = 48;

static GROWING: LockedHeap<CriticalSectionLock, GrowingHeap<Pages<ALONE>>> = LockedHeap::new();

/// Blocks are served until all pages are used, and all of them again when they were freed.
pub fn growing() {
    let layout = Layout::new::<[u64; 120]>();
    // SAFETY: the layout is not empty.
    let allocate = || NonNull::new(unsafe { GROWING.alloc(layout) });
    let mut counts = [0; 2];
    for count in &mut counts {
        let mut last: Option<NonNull<u8>> = None;
        while let Some(block) = allocate() {
            // Each block points at the one before, so that no other memory is needed to find it.
            // SAFETY: the block has room for a pointer, and is aligned for it.
            unsafe { block.cast().write(last) };
            last = Some(block);
            *count += 1;
        }
        while let Some(block) = last {
            // SAFETY: written above.
            last = unsafe { block.cast().read() };
            // SAFETY: allocated for this layout, and not used again.
            unsafe { GROWING.dealloc(block.as_ptr(), layout) };
        }
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(GROWING.stats().total, ALONE * PAGE);
    assert!(counts[0] * layout.size() * 100 > ALONE * PAGE * 90);
}

/// Where there are several processors, a heap that they share grows so, too.
#[cfg(several_processors)]
pub(super) mod shared {
    use core::cell::Cell;

    use alloc::vec::Vec;
    use critical_section::Mutex;
    use mudlark_core_alloc::{CriticalSectionLock, GrowingHeap, PerCpuHeap};

    use super::{ALONE, PAGE, Pages};
    use crate::board;
    use crate::checks::Random;
    use crate::checks::filled::Filled;
    use crate::heap::Processors;

    const MOST: usize = board::FREE_MEMORY / PAGE - ALONE;

    static HEAP: PerCpuHeap<Processors, 2, CriticalSectionLock, GrowingHeap<Pages<MOST>>> = PerCpuHeap::new();

    /// A block on its way to whoever takes it.
    static MAIL: Mutex<Cell<Option<Filled>>> = Mutex::new(Cell::new(None));

    fn exchange(block: Option<Filled>) -> Option<Filled> {
        critical_section::with(|section| MAIL.borrow(section).replace(block))
    }

    /// What each processor does: it frees what the other has allocated as often as its own.
    pub(in crate::checks) fn churn(seed: u32) {
        let mut random = Random(seed);
        let mut kept: Vec<Filled> = Vec::new();
        for step in 0..10_000_u32 {
            kept.extend(exchange(Filled::new(&HEAP, 1 + random.below(500), step.to_le_bytes()[0])));
            if kept.len() > 30 {
                drop(kept.swap_remove(random.below(30)));
            }
        }
        drop(kept);
        HEAP.collect();
    }

    /// Nothing is left when the processors are done.
    pub(in crate::checks) fn is_empty() {
        drop(exchange(None));
        HEAP.collect();
        let stats = HEAP.shared().stats();
        assert!(stats.regions > 0 && stats.total <= MOST * PAGE);
        assert_eq!(stats.used, 0);
        assert_eq!(HEAP.shared().verify(), Ok(()));
    }
}
