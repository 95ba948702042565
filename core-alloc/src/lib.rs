//! A size-class pool allocator.
#![no_std]

pub mod fixed;
mod size_class;

pub use fixed::{ClaimError, DefaultLock, Heap, HeapStats, LockedHeap, RegionTooSmall, StaticRegion};
pub use size_class::SizeClass;
