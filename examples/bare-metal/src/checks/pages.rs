//! A heap that grows by what the board's own allocator of pages gives it.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use mudlark_core_alloc::{CriticalSectionLock, GrowingHeap, LockedHeap, PageSource};

use crate::board;

const PAGE: usize = 4096;

/// The memory behind the image, page by page, of which none comes back.
struct FreePages {
    /// How many are given out.
    given: usize,
}

impl FreePages {
    /// How many there are.
    const ALL: usize = 64;
}

// SAFETY: the linker script keeps the pages free, and each is given out once: there is one source.
unsafe impl PageSource for FreePages {
    const INIT: Self = Self { given: 0 };

    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
        // Sixteen at least, so that the regions stay few.
        let pages = bytes.div_ceil(PAGE).max(16).min(Self::ALL - self.given);
        if pages * PAGE < bytes {
            return None;
        }
        let start = board::free_memory().wrapping_add(self.given * PAGE);
        self.given += pages;
        Some(NonNull::slice_from_raw_parts(NonNull::new(start)?, pages * PAGE))
    }
}

static GROWING: LockedHeap<CriticalSectionLock, GrowingHeap<FreePages>> = LockedHeap::new();

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
    assert_eq!(GROWING.stats().total, FreePages::ALL * PAGE);
    assert!(counts[0] * layout.size() * 100 > FreePages::ALL * PAGE * 95);
}
