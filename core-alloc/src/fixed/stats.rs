//! What a heap over fixed regions has, and how much of it is in use.

use core::fmt;

use super::region::Region;

/// A heap's memory at one moment. Sizes are in bytes.
///
/// `used + free + overhead == total`, always. Free bytes need not be in one piece.
///
/// ```
/// use mudlark_core_alloc::Heap;
///
/// assert_eq!(Heap::new().stats().total, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// What the heap was given.
    pub total: usize,
    /// The blocks in use, each with its whole size, which may be more than was asked for.
    pub used: usize,
    /// What requests may yet be served from: free runs, and the free blocks of pages.
    pub free: usize,
    /// What the heap itself takes: headers, bitmaps, the ends of pages, and what alignment cost at a region's ends.
    pub overhead: usize,
    /// The most that was ever `used`.
    pub peak: usize,
    /// The number of blocks in use.
    pub blocks: usize,
    /// The number of pages, those without a live block included.
    pub pages: usize,
    /// The number of regions.
    pub regions: usize,
}

/// A table, with a line for each number.
impl fmt::Display for HeapStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = [("total", self.total), ("used", self.used), ("free", self.free), ("overhead", self.overhead)];
        for (name, bytes) in sizes.into_iter().chain([("peak", self.peak)]) {
            writeln!(f, "{name:<8} {bytes:>10} B")?;
        }
        writeln!(f, "{:<8} {:>10}", "blocks", self.blocks)?;
        writeln!(f, "{:<8} {:>10}", "pages", self.pages)?;
        write!(f, "{:<8} {:>10}", "regions", self.regions)
    }
}

/// The numbers that a heap keeps as it goes. They are plain counters, which cost next to nothing.
#[derive(Debug)]
pub(super) struct Counts {
    used: usize,
    peak: usize,
    blocks: usize,
    pages: usize,
    page_overhead: usize,
}

impl Counts {
    pub(super) const fn new() -> Self {
        Self { used: 0, peak: 0, blocks: 0, pages: 0, page_overhead: 0 }
    }

    #[inline]
    pub(super) const fn block_taken(&mut self, size: usize) {
        self.blocks += 1;
        self.used += size;
        if self.used > self.peak {
            self.peak = self.used;
        }
    }

    #[inline]
    pub(super) const fn block_freed(&mut self, size: usize) {
        self.blocks -= 1;
        self.used -= size;
    }

    /// A block gave up its last `bytes`.
    pub(super) const fn block_trimmed(&mut self, bytes: usize) {
        self.used -= bytes;
    }

    pub(super) const fn page_taken(&mut self, overhead: usize) {
        self.pages += 1;
        self.page_overhead += overhead;
    }

    pub(super) const fn page_returned(&mut self, overhead: usize) {
        self.pages -= 1;
        self.page_overhead -= overhead;
    }

    /// The stats of a heap with these counts and regions.
    pub(super) fn stats<'heap>(&self, regions: impl Iterator<Item = &'heap Region>) -> HeapStats {
        let mut stats = HeapStats {
            used: self.used,
            peak: self.peak,
            blocks: self.blocks,
            pages: self.pages,
            ..Default::default()
        };
        let mut run_bytes = 0;
        for region in regions {
            stats.regions += 1;
            stats.total += region.given();
            run_bytes += region.run_bytes();
        }
        stats.overhead = stats.total - run_bytes + self.page_overhead;
        stats.free = run_bytes - self.page_overhead - self.used;
        stats
    }
}
