//! The numbers that a heap keeps as it goes.

use super::region::Region;
use crate::HeapStats;

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
            peak: Some(self.peak),
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
