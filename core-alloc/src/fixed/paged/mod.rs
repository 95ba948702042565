//! A heap of pages over [`linked_list_allocator`]: pools for small blocks, and a first fit for what is larger.
//!
//! A [`PagedHeap`] gets one or more *regions*: a static buffer, what a linker script sets aside, whatever RAM a chip has.
//! Each region describes itself at its start, and everything behind is *runs*, which [`linked_list_allocator`] hands
//! out first fit. Small requests do not ask it each time: a run becomes a *page*, cut into *blocks* of one
//! [`SizeClass`](crate::SizeClass).
//!
//! ```text
//!  region  │ header │ bitmap │ run in use │ free run │ page │ page │ free run │ run in use │ free run │
//!               │     00011000                          ▲      ▲
//!               │     (which units are pages?)          │      │
//!               └─▶ the first free run                  │      │
//!                                                       │      │
//!  heap      16 B ──────────────────────────────────────┘      │
//!            32 B ─────────────────────────────────────────────┘
//!
//!  page    │ header │ block in use │ free block │ block in use │ free block │     all of one class
//! ```
//!
//! The pages are small, a hundredth of a region or so, and take only blocks that fit them several times. So a region of
//! 8 KiB has pages of 256 bytes for blocks up to 32 bytes, a large one pages of 4 KiB for blocks up to 512. The free
//! runs stay few, as small blocks come and go without them.
//!
//! # A request
//!
//! 1. **The class** follows from the [`Layout`](core::alloc::Layout), at compile time where that is a constant.
//! 2. **A page of the class** that has a free block gives it: the block freed last, or else a new one.
//! 3. **A new page**, when there is none, is taken from the first region with a free run for it. (When there is no such
//!    run, or the request is too large for pages, go on.)
//! 4. **A run** of the request's own size serves it.
//! 5. **Empty pages** go back to their regions, when no run is to be had, and steps 3 and 4 are tried again.
//! 6. **A larger block**, from a page that is there already, is the last resort. Then the request is refused, and
//!    nothing has changed but that empty pages are gone.
//!
//! # A free
//!
//! 1. **The region** is the one that the address lies in.
//! 2. **The bitmap** tells whether the address lies in a page. The size cannot tell, as steps 4 and 6 above show.
//! 3. **A run** goes back to the region, and merges with its free neighbours.
//! 4. **A block** goes to the front of its page's list. If the page was full, it is listed with its class again.
//! 5. **An empty page** goes back as a run, to become a page of another class or part of something larger; but each
//!    class keeps one, so that a block taken and freed by turns does not make and return a page each time.
//!
//! # Costs
//!
//! Steps 1 and 2 of a request take constant time, and so do most frees: a walk over the regions, which are few, and a
//! few words in the header of the page. A run taken or returned, and with it a page, costs a walk over the region's
//! free runs, up to the place where it lies: linear in their number at worst. A request that is refused walks all free
//! runs of all regions up to four times. A run that grows is moved, for a first-fit list cannot be asked for the memory
//! behind it; one that shrinks gives up its end in place.
//!
//! In memory, a region costs a dozen words and a bit a page; a page two words and eight bytes, and what is left when
//! it has been cut, at most an eighth. Runs are whole multiples of two words, and cost nothing else: the caller's
//! `Layout` says on a free what other allocators keep in a header.
//!
//! # When to use it
//!
//! Where nearly all requests are small and of few sizes, and words before blocks are too much: a block of a page has none.
//! A [`Heap`](super::Heap) is faster, bounded, and leaves less unused otherwise.

mod counts;
mod misuse;
mod page;
mod paged_heap;
mod region;

pub use paged_heap::PagedHeap;
