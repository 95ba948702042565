//! A size-class pool allocator, after Python's: small blocks come from pages that are cut into blocks of one size.
//!
//! There are two halves, which share the words and the [size classes](SizeClass), and no code on the way to a block:
//!
//! - **hosted** (feature `std`, on by default): `Mudlark`, a global allocator for programs with threads and an operating
//!   system. This page is about it.
//! - **[fixed regions](fixed)**: heaps for bare metal, on memory that the program has from the start.
//!
//! ```
//! # #[cfg(feature = "std")]
//! # mod program {
//! use mudlark_core_alloc::Mudlark;
//!
//! # #[cfg(not(miri))]
//! #[global_allocator]
//! static ALLOCATOR: Mudlark = Mudlark::new();
//! # }
//!
//! fn main() {
//!     let finds: Vec<String> = ["coin", "pin", "clay pipe"].map(String::from).to_vec();
//!     assert_eq!(finds.join(", "), "coin, pin, clay pipe");
//! }
//! ```
//!
//! # The bet
//!
//! Rust says the [`Layout`](core::alloc::Layout) again when it frees. Calls to a `#[global_allocator]` inline into the
//! program, where the Layout is mostly a constant; then so is the size class, in the request and in the free. Neither
//! needs to find out anything about the block, and both touch nothing but the block and the thread's list for that class.
//!
//! # The words
//!
//! ```text
//!   source      the operating system
//!     │
//!   region     64 MiB of addresses   | descriptors | page | page | page | … |
//!     │                                                │
//!   page       64 KiB                                | block | block | block | … | not carved yet |
//!     │
//!   block     one of the size classes, 16 B to 32 KiB
//!
//!   thread ── cache: a bin for each class, of two magazines of free blocks
//!        └─── owner: its heap has the pages that the thread's blocks are cut from; beside it are
//!                    a depot of whole magazines, and a run cache
//! ```
//!
//! CPython's arena, pool and block (`Objects/obmalloc.c`, where the scheme comes from) are our region, page and block;
//! «OS page» is what we call the other kind of page. A *magazine* is as many blocks as go between a cache and the heaps
//! at a time (Bonwick and Adams, 2001): 16 KiB of them, or four where these are more.
//!
//! # One request
//!
//! 1. `Mudlark::alloc` turns the Layout into a size class, by a table if it is not a constant. What no class serves is a
//!    *large* block: see below.
//! 2. `Bins::pop` takes the first block of the class's loaded magazine. That is nearly always all.
//! 3. An empty magazine is exchanged by `Cache::refill`: for the bin's spare magazine, or for one of `Owner::take`. A thread
//!    begins without an owner, as a *guest* of one that all threads share, and gets a kibibyte or two at a time from there.
//!    The second time it *adopts* an owner that an ended thread has left, with its bins, if there is one, and after a few
//!    times a new one. (The program's first thread does so at once.) Each time one other bin is looked at, and sent home if
//!    it has not been used for long.
//! 4. `Owner::take` looks into the depot for a whole magazine, then to the free blocks of the owner's pages, then to blocks
//!    of such a page that are not carved yet; then to what a few idle owners have, and then to a new page.
//! 5. `regions::take_page` finds that in a region with *dirty* pages, which were in use before, or else in the shortest
//!    extent of free pages, or else in a new region from the source.
//!
//! # One free
//!
//! 1. `Mudlark::dealloc` turns the Layout into the same class, and `Bins::push` puts the block into the freeing thread's
//!    own bin, whoever owns the block's page. That is nearly always all.
//! 2. `Cache::flush` makes a full magazine the spare one. If there is one already, `owner::store` hands that, whole, to the
//!    depot of the owner of its first block: so between a thread that produces and one that consumes, magazines go round,
//!    and a *remote free* costs a short lock for many blocks.
//! 3. When the depot has no room, the magazine that was filled last goes home instead: `owner::send_home` finds each
//!    block's page by the page map, locks the page's owner, once for all blocks in a row that are the same owner's, and
//!    marks the blocks free in the page's descriptor.
//! 4. A page without blocks in use goes back to its region, for any owner, class or large block, unless it is the only one
//!    of its class that the heap has with free blocks.
//! 5. What nobody wants for a while the janitor (`Mudlark::set_decay`) gives back to the operating system: dirty pages, all
//!    regions without pages in use but one, and, inside of pages, OS pages without a block in use. What owners keep in
//!    depots and the like he sends home before. Dirty pages go back at once where they, with all that is in use, come to a
//!    thirty-second more than the program has ever used, and the process has ever had so much memory: each request for more
//!    pages gives back up to twice as many.
//!
//! A large block of up to 256 KiB is a run of pages from the owner's run cache, and goes back there, as long as that has
//! room; other runs, of up to half a region, come from the regions, and larger blocks from the source.
//!
//! When a thread ends, its bins and its owner wait, pages and all, for the next thread; meanwhile their free blocks go to
//! whoever needs some. A guest's bins go home. What the thread's remaining destructors free goes straight home, and what they allocate comes from a
//! heap that all threads share.
//!
//! What all this costs in programs with many threads and much memory is worked out in [`growth`](growth/index.html).
//!
//! # What it promises
//!
//! Every Layout is served, or refused with null when there is no memory. `realloc` copies nothing when the class stays
//! the same, when a run of pages can grow or shrink where it is, and when the system can grow a mapping or move it. A process may
//! fork while other threads allocate: the child may allocate, too, and so may fork handlers (`pthread_atfork`) in parent
//! and child. The program's `errno` stays as it was.
//!
//! Debug builds, and release builds with the feature `hardened`, look whether each free and each `realloc` tells the truth,
//! and end the process with a message if not: when no block begins there, when the block's page is of another class than
//! the Layout, and when the block is free already, wherever it is, unless it was handed out in between. Free blocks carry
//! signed links; who writes to one ends the process when the block's turn comes. Of a large block they look whether it can
//! be one that is in use.
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "allocator-api2")]
mod allocator;
#[cfg(feature = "critical-section")]
#[doc = include_str!("embedded.md")]
pub mod embedded {}
pub mod fixed;
#[doc = include_str!("growth.md")]
#[cfg(feature = "std")]
pub mod growth {}
#[cfg(feature = "std")]
mod hosted;
mod size_class;

/// The `Allocator` trait, and collections for it: what this crate's feature of the same name implements and its users use.
#[cfg(feature = "allocator-api2")]
pub use allocator_api2;
#[cfg(feature = "critical-section")]
pub use fixed::CriticalSectionLock;
pub use fixed::{
    BinStats, ClaimError, Cpus, Damage, DefaultLock, GrowingHeap, Heap, HeapLayer, HeapStats, InterruptHeap,
    LockedHeap, MeteredHeap, Misuse, PageSource, PagedHeap, Part, PerCpuHeap, Pooled, Refusal, RegionHeap, RegionKind,
    RegionTooSmall, Resize, SingleCore, SingleCoreLock, StaticPool, StaticRegion,
};
#[cfg(feature = "std")]
pub use hosted::{ClassStats, Mudlark, PageStats, PrivateHeap, PrivateHeapStats, RegionChange, Stats};
#[cfg(feature = "malloc")]
pub use hosted::{Malloc, NotABlock};
/// The interface of locks: what a [`LockedHeap`]'s lock of one's own implements.
pub use lock_api;
pub use size_class::SizeClass;
