//! A heap for bare metal, in memory that its user gives it: every operation takes constant time, and what is freed is
//! whole again at once.
//!
//! A [`Heap`] gets one or more *regions*: a static buffer, what a linker script sets aside, whatever RAM a chip has.
//! Each region describes itself at its start, and everything behind is *blocks*, side by side, in use or free. The free
//! ones are listed in *bins* by their size.
//!
//! ```text
//!  heap ──▶ region  │ header │ map of bins │ heads of bins │ block in use │ free block │ block in use │ free block │
//!                                0100001      │    └─────────────────────────┘                            │
//!                                             └───────────────────────────────────────────────────────────┘
//! ```
//!
//! There are no pages here, as [`Mudlark`](crate) has them: pools of one size leave too much unused where memory is
//! scarce. ([`PagedHeap`] has both, over [`linked_list_allocator`].)
//!
//! # A request
//!
//! 1. **The size** is what was asked for and a word for the block's *tag*, in whole pairs of words.
//! 2. **The bin** is the first one that is not empty and may have a block of that size; the map says which, in a few
//!    instructions. Bins are narrow, so this is nearly the best fit.
//! 3. **Its first block** is taken out, if that is large enough; or else that of the next bin, which has only such. When much
//!    of it is left over, that becomes a free block of its own; a little, up to an eighth of the size and some words, goes with
//!    the request. What is large, a sixteenth of the region or more, is cut from the block's end: so large blocks gather at one
//!    end of the region, and the gaps that small ones leave are not among them. (Only what had to move because it grew is cut
//!    from the beginning, so that it may go on growing.)
//! 4. **If there is no such bin**, a few more blocks of the first one are looked at, of which one may do. Then the next
//!    region is asked, and then the request is refused. Nothing has changed.
//!
//! # A free
//!
//! 1. **The region** is the one that the address lies in.
//! 2. **The tag** before the block has its size, and tells whether the block before is free; the next block's own tag tells
//!    whether that is. Free neighbours are taken out of their bins and merged. Most blocks have none, and are not large: their
//!    tag is the bare size and one bit, and one test of it says so.
//! 3. **The whole** goes to the front of its bin. A later request for its size finds it first, warm.
//!
//! # Costs
//!
//! No operation has a loop whose length depends on how many blocks there are. A request looks at two words of maps and up
//! to six blocks, in each region; a free takes out up to two blocks and puts in one. `bench/embedded` counts the
//! instructions. So a lock that turns interrupts off does so for a short and bounded time, except for
//! [`stats`](Heap::stats), [`parts`](Heap::parts) and [`verify`](Heap::verify), which walk all blocks. What a [`LockedHeap`] copies
//! or zeroes, it does unlocked. An [`InterruptHeap`] needs no interrupts off.
//!
//! In memory, a [`Heap`] is two words, wherever it is; a region costs some 10 to 100 words for its header and bins, by its size; a block one
//! word for its tag, and what rounding adds, and is at least four words. Whatever is freed can become part of anything
//! else at once.
//!
//! # Example
//!
//! A heap in 8 KiB:
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
//! assert_eq!(stats.blocks, 3);
//! assert!(stats.used < 3100, "with a word for each block");
//!
//! assert_eq!(heap.allocate(Layout::new::<[u8; 8192]>()), None, "that cannot be, but the heap lives on");
//! assert_eq!(heap.verify(), Ok(()));
//!
//! for (block, layout) in [(first, small), (second, small), (third, large)] {
//!     // SAFETY: each was allocated for its layout, and is not used again.
//!     unsafe { heap.deallocate(block, layout) };
//! }
//! assert_eq!(heap.stats().used, 0);
//! # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
//! ```
//!
//! [`LockedHeap`] makes a global allocator of it, and [`InterruptHeap`] another; for several processors, a [`PerCpuHeap`] has a
//! cache for each in front.

mod batch_stack;
mod bin_counts;
mod bin_list;
mod bin_map;
mod bins;
mod block;
mod cpu_cache;
#[cfg(feature = "critical-section")]
mod critical_section_lock;
mod deferred_frees;
mod freeing;
mod growing_heap;
mod heap;
mod heap_layer;
mod interrupt_heap;
mod linker;
mod locked;
mod magnitude;
mod metered_heap;
mod misuse;
pub mod paged;
mod per_cpu;
mod region;
mod region_heap;
mod region_kind;
mod region_layout;
mod region_list;
mod reserve;
mod shared;
mod single_core_lock;
mod static_pool;
mod static_region;
mod stats;
mod sync;
mod verify;

pub use bins::BinStats;
#[cfg(feature = "critical-section")]
pub use critical_section_lock::CriticalSectionLock;
pub use growing_heap::{GrowingHeap, PageSource};
pub use heap::Heap;
pub use heap_layer::HeapLayer;
pub use interrupt_heap::InterruptHeap;
pub use locked::{ClaimError, DefaultLock, LockedHeap};
pub use metered_heap::MeteredHeap;
pub use misuse::{Misuse, Refusal};
pub use paged::PagedHeap;
pub use per_cpu::{Cpus, PerCpuHeap};
pub use region_heap::{RegionHeap, Resize};
pub use region_kind::RegionKind;
pub use single_core_lock::{SingleCore, SingleCoreLock};
pub use static_pool::{Pooled, StaticPool};
pub use static_region::StaticRegion;
pub use stats::HeapStats;
pub use verify::{Damage, Part};

/// A region has no room for its header and one small block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionTooSmall;

impl core::fmt::Display for RegionTooSmall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the region has no room for its header and one small block")
    }
}

impl core::error::Error for RegionTooSmall {}
