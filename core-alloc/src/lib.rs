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
//!   thread ── cache: a bin of free blocks for each class
//!        └─── owner: whose heap has the pages that the thread's blocks are cut from
//! ```
//!
//! CPython's arena, pool and block (`Objects/obmalloc.c`, where the scheme comes from) are our region, page and block;
//! «OS page» is what we call the other kind of page. A *magazine* is as many blocks as go between a cache and the heaps
//! at a time: 16 KiB of small ones, and of larger ones fewer bytes, but at least a block.
//!
//! # One request
//!
//! 1. `Mudlark::alloc` turns the Layout into a size class. What no class serves is a *large* block: up to half a region a
//!    run of pages, above that a mapping of its own.
//! 2. `Cache::allocate` takes the first block of the class's bin. That is nearly always all.
//! 3. An empty bin is filled: `Cache::refill` takes a magazine from the heap of the thread's owner. A thread that has
//!    none yet *adopts* one: one that an ended thread has left, or a new one.
//! 4. `Owner::take` looks to the owner's pages that have free blocks, then to memory in such a page that was never
//!    touched, which it carves one OS page at a time; then to the same in the pages of idle owners, and then to a new page.
//! 5. `regions::take_page` finds that in a region with free pages, one that was used before if there is one, or else in
//!    a new region from the source. (A large block's run is found likewise: in the shortest extent of free pages that
//!    holds it.)
//!
//! # One free
//!
//! 1. `Mudlark::dealloc` turns the Layout into the same class, and `Cache::free` puts the block into the freeing
//!    thread's own bin, whoever owns the block's page. That is nearly always all.
//! 2. A bin has room for two magazines. When it has none left, `Cache::flush` sends one home.
//! 3. `owner::send_home` finds each block's page by the page map, locks the page's owner, once for all blocks in a row
//!    that are the same owner's, and marks the block free in the page's descriptor. So a *remote free* costs one short
//!    lock for many blocks.
//! 4. A page without blocks in use goes back to its region, for any owner, class or large block.
//! 5. It is *dirty* then, and among the first to be used again. If it is not for a while (200 milliseconds, or what
//!    `Mudlark::set_decay` says), the *janitor* comes by, a thread that is there only while there is something to do: its
//!    memory goes back to the operating system, and it is zero when it is next used. Of regions without a page in use
//!    one is kept, and the others go back with their addresses.
//!
//! When a thread ends, its cache's blocks go home, and its owner waits, pages and all, for the next thread;
//! meanwhile its free blocks go to whoever needs some. What the
//! thread's remaining destructors allocate and free comes from a heap that all threads share.
//!
//! # What it promises
//!
//! Every Layout is served, or refused with null when there is no memory. `realloc` copies nothing when the class stays
//! the same, when a run of pages can grow where it is, and when the system can grow a mapping or move it. Debug builds
//! look whether a free or a `realloc` tells the truth, and end the process with a message if not: at once when no block
//! begins there, when the block's page is of another class than the Layout, and when the block is among the last 64 of
//! its class in the thread's cache; any other block of a class that is freed twice is found when it goes home a second
//! time, unless it was handed out in between. Of a large block they look whether it can be one that is in use. A process
//! may fork while other threads allocate: the child may allocate, too, and so may fork handlers (`pthread_atfork`) in
//! parent and child. The program's `errno` stays as it was.
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

pub mod fixed;
#[cfg(feature = "std")]
mod hosted;
mod size_class;

pub use fixed::{ClaimError, DefaultLock, Heap, HeapStats, LockedHeap, RegionTooSmall, StaticRegion};
#[cfg(feature = "std")]
pub use hosted::{Mudlark, Stats};
/// The interface of locks: what a [`LockedHeap`]'s lock of one's own implements.
pub use lock_api;
pub use size_class::SizeClass;
