//! What a private heap has, and how much of it is in use.

use core::fmt;

/// A private heap's memory at one moment.
///
/// The figures are exact: nobody else has part in the heap.
///
/// ```
/// use core::alloc::Layout;
/// use mudlark_core_alloc::PrivateHeap;
///
/// let heap = PrivateHeap::new();
/// assert_eq!(heap.stats().page_bytes, 0, "no memory before the first request");
/// let _ = heap.allocate(Layout::new::<[u8; 100]>());
/// let _ = heap.allocate(Layout::new::<[u8; 100_000]>());
/// let stats = heap.stats();
/// assert_eq!((stats.blocks, stats.block_bytes), (1, 112));
/// assert_eq!((stats.large_blocks, stats.large_bytes), (1, 100_000));
/// println!("{stats}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrivateHeapStats {
    /// The heap's pages, which are cut into blocks, in bytes.
    pub page_bytes: usize,
    /// Blocks of size classes in use.
    pub blocks: usize,
    /// The bytes of [`blocks`](Self::blocks), by their classes' sizes.
    pub block_bytes: usize,
    /// Large blocks in use: those above [`SizeClass::MAX_SIZE`](crate::SizeClass::MAX_SIZE).
    pub large_blocks: usize,
    /// The bytes that were asked for as large blocks.
    pub large_bytes: usize,
}

/// A table, with a line for each kind of memory.
impl fmt::Display for PrivateHeapStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>14} B", "pages", self.page_bytes)?;
        writeln!(f, "{:<14}{:>14} B in {} blocks", "blocks", self.block_bytes, self.blocks)?;
        write!(f, "{:<14}{:>14} B in {} blocks", "large blocks", self.large_bytes, self.large_blocks)
    }
}
