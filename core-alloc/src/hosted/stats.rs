//! What the allocator has and has given out, in numbers.
//!
//! Nothing is counted where a block comes from a cache or goes there; the sums change with pages, large blocks and memory
//! from the source. They are kept under the lock that such a change takes anyway.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::front;
use super::owner;
use super::region::PAGE_SIZE;
use super::regions;

/// The state of the hosted allocator at one moment.
///
/// While other threads allocate, the figures are each true, but not of the same instant.
///
/// ```
/// use mudlark_core_alloc::Mudlark;
///
/// # #[cfg(not(miri))]
/// #[global_allocator]
/// static ALLOCATOR: Mudlark = Mudlark::new();
/// # if cfg!(miri) { return }
///
/// let before = Mudlark::stats();
/// let large = vec![1_u8; 100_000];
/// let with = Mudlark::stats();
/// assert_eq!(with.large_blocks, before.large_blocks + 1);
/// println!("{with}");
/// # drop(large);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Address space held from the operating system, in bytes: regions, large blocks that have mappings of their own,
    /// and bookkeeping. What was never touched costs no memory. Sizes are as they were needed: that the source rounds
    /// them up, to 64 KiB mostly, does not count.
    pub reserved_bytes: usize,
    /// Memory that the process may have, as far as the allocator knows, in bytes: pages that are cut into blocks, large
    /// blocks, and what was used before and has not gone back to the operating system. Blocks that the program has not
    /// touched count as if it had; the allocator's bookkeeping does not count.
    pub committed_bytes: usize,
    /// Pages that are cut into blocks, in bytes.
    pub page_bytes: usize,
    /// Blocks of size classes in use.
    ///
    /// Those in the calling thread's cache do not count. Free blocks in other threads' caches do, since only those
    /// threads know of them: up to two magazines a class and thread.
    pub blocks: usize,
    /// The bytes of [`blocks`](Self::blocks), by their classes' sizes. What is said there of caches holds here as well.
    pub block_bytes: usize,
    /// Large blocks in use: those above [`SizeClass::MAX_SIZE`](crate::SizeClass::MAX_SIZE).
    pub large_blocks: usize,
    /// The bytes that were asked for as large blocks.
    pub large_bytes: usize,
    /// The highest that pages cut into blocks and large blocks have been together, in bytes. Large blocks are rounded up
    /// to pages, but for those with mappings of their own.
    pub peak_bytes: usize,
    /// Heaps that threads have, or have left to the next thread.
    pub heaps: usize,
}

impl Stats {
    /// Reads the counters, and visits every heap for a moment.
    pub(crate) fn now() -> Self {
        let totals = owner::totals();
        let (cached_blocks, cached_bytes) = front::with_cache(|cache| cache.contents());
        let accounts = regions::with_accounts(|accounts| *accounts);
        Self {
            reserved_bytes: RESERVED.load(Relaxed),
            committed_bytes: accounts.used + accounts.dirty_pages * PAGE_SIZE,
            page_bytes: accounts.page_bytes,
            blocks: totals.blocks.saturating_sub(cached_blocks),
            block_bytes: totals.bytes.saturating_sub(cached_bytes),
            large_blocks: accounts.large_blocks,
            large_bytes: accounts.large_bytes,
            peak_bytes: accounts.peak,
            heaps: totals.owners,
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>14} B", "reserved", self.reserved_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "committed", self.committed_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "peak", self.peak_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "pages", self.page_bytes)?;
        writeln!(f, "{:<14}{:>14} B in {} blocks", "blocks", self.block_bytes, self.blocks)?;
        writeln!(f, "{:<14}{:>14} B in {} blocks", "large blocks", self.large_bytes, self.large_blocks)?;
        write!(f, "{:<14}{:>14}", "heaps", self.heaps)
    }
}

/// The bytes held from the source. Who adds and subtracts orders nothing, so all accesses are relaxed.
pub(crate) static RESERVED: AtomicUsize = AtomicUsize::new(0);

/// The sums that the lock of the regions guards. Where the program's word is taken for a size, they wrap: a program that
/// says the wrong size must not find the allocator panicking.
#[derive(Clone, Copy)]
pub(crate) struct Accounts {
    page_bytes: usize,
    used: usize,
    peak: usize,
    dirty_pages: usize,
    large_blocks: usize,
    large_bytes: usize,
}

impl Accounts {
    pub(crate) const fn new() -> Self {
        Self { page_bytes: 0, used: 0, peak: 0, dirty_pages: 0, large_blocks: 0, large_bytes: 0 }
    }

    /// Pages, or a large block beside them, came into use.
    pub(crate) fn use_more(&mut self, bytes: usize) {
        self.used = self.used.wrapping_add(bytes);
        self.peak = self.peak.max(self.used);
    }

    /// They are not used any more.
    pub(crate) fn use_less(&mut self, bytes: usize) {
        self.used = self.used.wrapping_sub(bytes);
    }

    /// A region that had some dirty pages has as many now.
    pub(crate) fn change_dirty(&mut self, before: usize, now: usize) {
        self.dirty_pages = self.dirty_pages + now - before;
    }

    /// The number of dirty pages.
    pub(crate) const fn dirty_pages(&self) -> usize {
        self.dirty_pages
    }

    /// A page is now cut into blocks.
    pub(crate) fn open_page(&mut self) {
        self.page_bytes += PAGE_SIZE;
    }

    /// A page is not any more.
    pub(crate) fn close_page(&mut self) {
        self.page_bytes -= PAGE_SIZE;
    }

    /// A large block was handed out.
    pub(crate) fn add_large(&mut self, bytes: usize) {
        self.large_blocks += 1;
        self.large_bytes = self.large_bytes.wrapping_add(bytes);
    }

    /// A large block came back. If the program says another size than before, the sum is wrong from then on.
    pub(crate) fn remove_large(&mut self, bytes: usize) {
        self.large_blocks = self.large_blocks.wrapping_sub(1);
        self.large_bytes = self.large_bytes.wrapping_sub(bytes);
    }
}
