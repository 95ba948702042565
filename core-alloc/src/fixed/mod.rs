//! A heap for bare metal: pages over [`linked_list_allocator`], in memory that its user gives it.
//!
//! A [`Heap`] gets one or more *regions*: a static buffer, what a linker script sets aside, whatever RAM a chip has.
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
//! # Example
//!
//! A heap in 8 KiB, with both kinds of block:
//!
//! ```
//! use core::alloc::Layout;
//! use core::mem::MaybeUninit;
//! use mudlark_core_alloc::Heap;
//!
//! let mut memory = [MaybeUninit::<u8>::uninit(); 8 * 1024];
//! let mut heap = Heap::new();
//! // SAFETY: `memory` outlives the heap, and nothing else uses it.
//! unsafe { heap.add_region(memory.as_mut_ptr().cast(), memory.len()) }?;
//!
//! let small = Layout::new::<[u8; 20]>();
//! let large = Layout::new::<[u8; 3000]>();
//! let blocks = [small, small, large].map(|layout| heap.allocate(layout));
//! let [Some(first), Some(second), Some(third)] = blocks else { panic!("8 KiB are enough for that") };
//!
//! let stats = heap.stats();
//! assert_eq!((stats.blocks, stats.pages), (3, 1), "the two small ones share a page");
//! assert_eq!(stats.used, 32 + 32 + 3008);
//!
//! assert_eq!(heap.allocate(Layout::new::<[u8; 8192]>()), None, "that cannot be, but the heap lives on");
//!
//! for (block, layout) in [(first, small), (second, small), (third, large)] {
//!     // SAFETY: each was allocated for its layout, and is not used again.
//!     unsafe { heap.deallocate(block, layout) };
//! }
//! assert_eq!(heap.stats().used, 0);
//! # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
//! ```
//!
//! [`LockedHeap`] makes a global allocator of it.

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
