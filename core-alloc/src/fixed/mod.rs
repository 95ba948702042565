//! A heap over fixed regions.

mod heap;
mod locked;
mod misuse;
mod page;
mod region;
mod static_region;
mod stats;

pub use heap::Heap;
pub use locked::{ClaimError, DefaultLock, LockedHeap};
pub use static_region::StaticRegion;
pub use stats::HeapStats;

/// A region has no room for its header and one small block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionTooSmall;

impl core::fmt::Display for RegionTooSmall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the region has no room for its header and one small block")
    }
}

impl core::error::Error for RegionTooSmall {}
