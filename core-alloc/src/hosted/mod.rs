//! The hosted half: a global allocator for programs that run on an operating system.
//!
//! ```text
//!   mudlark ─▶ front ─▶ cache ─▶ owner ─▶ heap ─▶ page, block_map ─▶ regions ─▶ region, page_map ─▶ source
//!      └─────▶ large ──────────────────────────────────────────────────▲──────────────────────────────▲
//!
//!   private_heap ─▶ heap, large
//! ```
//!
//! An arrow is «uses»; `block`, `bins`, `list`, `lock`, `holder`, `fork`, `stats`, `misuse` and `fatal` are at everybody's
//! disposal.

mod bins;
mod block;
mod block_map;
mod cache;
mod depot;
mod fatal;
mod fork;
mod front;
mod heap;
mod holder;
mod large;
mod list;
mod lock;
mod misuse;
mod mudlark;
mod owner;
mod page;
mod page_map;
mod private_heap;
mod region;
mod regions;
mod source;
mod stats;

pub use mudlark::Mudlark;
pub use private_heap::{PrivateHeap, PrivateHeapStats};
pub use stats::Stats;
