//! What a heap over fixed regions has, and how much of it is in use.

use core::fmt;

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
    /// The most that was ever `used`, if the heap counts that as it goes: a [`MeteredHeap`](super::MeteredHeap) and a
    /// [`PagedHeap`](super::PagedHeap) do. A [`Heap`](super::Heap) does not, as each call would be slower for it.
    pub peak: Option<usize>,
    /// What the largest free block has for its user: what one request can get now, unless it asks for more alignment, or
    /// many are nearly as large. A [`PagedHeap`](super::PagedHeap) does not know, and says zero.
    pub largest_free: usize,
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
        for (name, bytes) in sizes.into_iter().chain(self.peak.map(|peak| ("peak", peak))) {
            writeln!(f, "{name:<8} {bytes:>10} B")?;
        }
        writeln!(f, "{:<8} {:>10}", "blocks", self.blocks)?;
        writeln!(f, "{:<8} {:>10}", "pages", self.pages)?;
        write!(f, "{:<8} {:>10}", "regions", self.regions)
    }
}
