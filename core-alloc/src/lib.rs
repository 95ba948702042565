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
//!        └─── owner: whose heap has the pages that the thread's blocks are cut from, and a depot of whole magazines
//! ```
//!
//! CPython's arena, pool and block (`Objects/obmalloc.c`, where the scheme comes from) are our region, page and block;
//! «OS page» is what we call the other kind of page. A *magazine* is as many blocks as go between a cache and the heaps
//! at a time (Bonwick and Adams, 2001): 16 KiB of small ones, and of larger ones 8 KiB, or one block.
//!
//! # One request
//!
//! 1. `Mudlark::alloc` turns the Layout into a size class, by a table if it is not a constant. What no class serves is a
//!    *large* block: up to half a region a run of pages, above that a mapping of its own.
//! 2. `Bins::pop` takes the first block of the class's loaded magazine. That is nearly always all.
//! 3. An empty magazine is exchanged: `Cache::refill` loads the bin's spare one, or a magazine from the thread's owner. A
//!    thread that has none yet *adopts* one: one that an ended thread has left, with its full bins, or a new one.
//! 4. `Owner::take` looks into the depot for a whole magazine, then to the free blocks of the owner's pages, then to memory
//!    in such a page that was never touched, which it carves as it is needed; then to the same of idle owners, and then to
//!    a new page.
//! 5. `regions::take_page` finds that in a region with free pages, those that were in use before first, or else in a new
//!    region from the source.
//!
//! # One free
//!
//! 1. `Mudlark::dealloc` turns the Layout into the same class, and `Bins::push` puts the block into the freeing thread's
//!    own bin, whoever owns the block's page. That is nearly always all.
//! 2. A full magazine becomes the spare one. If there is one already, `owner::store` hands that, whole, to the depot of the
//!    owner of its first block: so between a thread that produces and one that consumes, magazines go round, and a *remote
//!    free* costs a short lock for many blocks.
//! 3. When a depot has enough, a magazine goes home: `owner::send_home` finds each block's page by the page map, locks the
//!    page's owner, once for all blocks in a row that are the same owner's, and marks the block free in the page's
//!    descriptor.
//! 4. A page without blocks in use goes back to its region, for any owner and class; there it is *dirty*, and used again
//!    before any other.
//! 5. What nobody wants for a while the janitor (`Mudlark::set_decay`) gives back to the operating system: free pages,
//!    regions without pages in use, and, inside of pages, OS pages without a block in use.
//!
//! When a thread ends, its bins and its owner wait, pages and all, for the next thread; meanwhile their free blocks go to
//! whoever needs some. What the thread's remaining destructors allocate and free comes from a heap that all threads share.
//!
//! # Heaps of one's own
//!
//! A `PrivateHeap` is a value with bins, pages and large blocks of its own, and without a lock. It takes memory from the
//! same regions. When it is dropped, all its pages go back to these at once, in a step for each page and without a look at
//! the blocks: the way to throw away much data that was built up together. The feature `allocator-api2` lets collections
//! live in such a heap, and in every other allocator of this crate.
//!
//! # What it promises
//!
//! Every Layout is served, or refused with null when there is no memory. `realloc` copies nothing when the class stays
//! the same, when a run of pages can grow where it is, and when the system can grow a mapping or move it. A process may
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
pub mod fixed;
#[cfg(feature = "std")]
mod hosted;
mod size_class;

/// The `Allocator` trait, and collections for it: what this crate's feature of the same name implements and its users use.
#[cfg(feature = "allocator-api2")]
pub use allocator_api2;
pub use fixed::{ClaimError, DefaultLock, Heap, HeapStats, LockedHeap, RegionTooSmall, StaticRegion};
#[cfg(feature = "std")]
pub use hosted::{ClassStats, Mudlark, PrivateHeap, PrivateHeapStats, Stats};
/// The interface of locks: what a [`LockedHeap`]'s lock of one's own implements.
pub use lock_api;
pub use size_class::SizeClass;
