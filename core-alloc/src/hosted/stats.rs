//! What the allocator has and has given out, in numbers.
//!
//! Nothing is counted where a block comes from a cache or goes there; the counters change with pages, large blocks and
//! memory from the source.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::front;
use super::owner;
use super::region::PAGE_SIZE;

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
    /// Pages that are cut into blocks, in bytes.
    pub page_bytes: usize,
    /// Blocks of size classes in use.
    ///
    /// Those in the calling thread's cache do not count. Free blocks in other threads' caches do, since only those
    /// threads know of them: up to two magazines a class and thread. Blocks in
    /// [private heaps](crate::PrivateHeap) do not count, but the pages that these have and their large blocks do.
    pub blocks: usize,
    /// The bytes of [`blocks`](Self::blocks), by their classes' sizes. What is said there of caches holds here as well.
    pub block_bytes: usize,
    /// Large blocks in use: those above [`SizeClass::MAX_SIZE`](crate::SizeClass::MAX_SIZE).
    pub large_blocks: usize,
    /// The bytes that were asked for as large blocks.
    pub large_bytes: usize,
    /// The highest that pages cut into blocks and large blocks have been together, in bytes, large blocks of less than
    /// about a megabyte rounded up to pages.
    pub peak_bytes: usize,
    /// Heaps that threads have, or have left to the next thread.
    pub heaps: usize,
}

impl Stats {
    /// Reads the counters, and visits every heap for a moment.
    pub(crate) fn now() -> Self {
        let totals = owner::totals();
        let (cached_blocks, cached_bytes) = front::with_cache(|cache| cache.contents());
        Self {
            reserved_bytes: COUNTERS.reserved.load(Relaxed),
            page_bytes: COUNTERS.page_bytes.load(Relaxed),
            blocks: totals.blocks.saturating_sub(totals.cached_blocks + cached_blocks),
            block_bytes: totals.bytes.saturating_sub(totals.cached_bytes + cached_bytes),
            large_blocks: COUNTERS.large_blocks.load(Relaxed),
            large_bytes: COUNTERS.large_bytes.load(Relaxed),
            peak_bytes: COUNTERS.peak.load(Relaxed),
            heaps: totals.owners,
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>14} B", "reserved", self.reserved_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "peak", self.peak_bytes)?;
        writeln!(f, "{:<14}{:>14} B", "pages", self.page_bytes)?;
        writeln!(f, "{:<14}{:>14} B in {} blocks", "blocks", self.block_bytes, self.blocks)?;
        writeln!(f, "{:<14}{:>14} B in {} blocks", "large blocks", self.large_bytes, self.large_blocks)?;
        write!(f, "{:<14}{:>14}", "heaps", self.heaps)
    }
}

/// The one set of counters.
pub(crate) static COUNTERS: Counters = Counters::new();

/// Plain sums that all threads add to. They order nothing, so all accesses are relaxed.
pub(crate) struct Counters {
    reserved: AtomicUsize,
    page_bytes: AtomicUsize,
    used: AtomicUsize,
    peak: AtomicUsize,
    large_blocks: AtomicUsize,
    large_bytes: AtomicUsize,
}

impl Counters {
    const fn new() -> Self {
        Self {
            reserved: AtomicUsize::new(0),
            page_bytes: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            large_blocks: AtomicUsize::new(0),
            large_bytes: AtomicUsize::new(0),
        }
    }

    /// Memory came from the source.
    pub(crate) fn reserve(&self, bytes: usize) {
        self.reserved.fetch_add(bytes, Relaxed);
    }

    /// Memory went back to the source.
    pub(crate) fn unreserve(&self, bytes: usize) {
        self.reserved.fetch_sub(bytes, Relaxed);
    }

    /// Pages, or a large block beside them, came into use.
    pub(crate) fn use_more(&self, bytes: usize) {
        let used = self.used.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(used, Relaxed);
    }

    /// They are not used any more.
    pub(crate) fn use_less(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
    }

    /// A page is now cut into blocks.
    pub(crate) fn open_page(&self) {
        self.page_bytes.fetch_add(PAGE_SIZE, Relaxed);
    }

    /// A page is not any more.
    pub(crate) fn close_page(&self) {
        self.page_bytes.fetch_sub(PAGE_SIZE, Relaxed);
    }

    /// A large block was handed out.
    pub(crate) fn add_large(&self, bytes: usize) {
        self.large_blocks.fetch_add(1, Relaxed);
        self.large_bytes.fetch_add(bytes, Relaxed);
    }

    /// A large block came back.
    pub(crate) fn remove_large(&self, bytes: usize) {
        self.large_blocks.fetch_sub(1, Relaxed);
        self.large_bytes.fetch_sub(bytes, Relaxed);
    }
}
