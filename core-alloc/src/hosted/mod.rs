//! The hosted half: a global allocator for programs that run on an operating system.
//!
//! ```text
//!   mudlark ─▶ front ─▶ cache ─▶ bins
//!      │                  └────▶ owners ─▶ owner ─▶ depot, run_cache
//!      │                                     └──▶ heap ─▶ page, block_map ─▶ regions ─▶ region, extents, page_map ─▶ source
//!      ├─▶ large ─▶ owner, regions, source
//!      └─▶ janitor ─▶ duty, owners, regions, source
//!
//!   private_heap ─▶ bins, heap, large
//!   malloc ─▶ class_map, front, large
//! ```
//!
//! An arrow is «uses»; `block`, `list`, `mark`, `page_set`, `lock`, `fork`, `holder`, `stats`, `misuse` and `fatal` are at
//! everybody's disposal.

mod bins;
mod block;
mod block_map;
mod cache;
#[cfg_attr(not(feature = "malloc"), path = "class_map/none.rs")]
mod class_map;
mod depot;
mod duty;
mod extents;
mod fatal;
mod fork;
mod front;
mod heap;
mod holder;
mod janitor;
mod large;
mod list;
mod lock;
#[cfg(feature = "malloc")]
mod malloc;
mod mark;
mod misuse;
mod mudlark;
mod owner;
mod owners;
mod page;
mod page_map;
mod page_set;
mod page_stats;
mod private_heap;
mod region;
mod regions;
mod run_cache;
mod source;
mod stats;
mod watch;

/// What a model of loom's replaces.
mod sync {
    pub(crate) use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering, fence};
}

#[cfg(feature = "malloc")]
pub use malloc::{Malloc, NotABlock};
pub use mudlark::Mudlark;
pub use page_stats::PageStats;
pub use private_heap::{PrivateHeap, PrivateHeapStats};
pub use stats::{ClassStats, Stats};
pub use watch::RegionChange;
