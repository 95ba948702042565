//! A front for several processors: each has a cache of free blocks, so that most requests and frees take no lock.
//!
//! ```text
//!   processor 0                 processor 1
//!   bins: ▪ ▪▪▪ ▪▪ …            bins: ▪▪ ▪ ▪▪▪ …          a cache each: free blocks of each size class
//!      │     ▲                     │     ▲
//!      ▼     └──── depots ◀────────┘     │                whole batches, by a lock-free stack a class
//!      └─────────▶ ▤ ▤ ▤ ────────────────┘
//!                  │
//!                  ▼
//!            the shared heap, locked
//! ```
//!
//! A processor frees into its own cache, whoever has allocated the block. When it has two batches of a class, the next goes to
//! the class's depot, where a processor that has none takes all that are there. So where one processor allocates what the
//! other frees, blocks go round in batches, without a lock: a *remote free* costs a part of one exchange.
//!
//! # Why blocks have no home
//!
//! A hosted heap gives each page an owner, and what others free goes back to that. Here it would cost more than it brings:
//!
//! - *There are no pages.* All blocks are the shared heap's, cut from wherever there was room. So no processor has anything to
//!   gain by getting a certain block back; only merging needs them all in one place, and that is the shared heap.
//! - *A home must be found at each free*: by a word in each block, or by a table of the addresses. Here a free looks at nothing
//!   but the size that it is told.
//! - *Homes need a stack for each processor and class*, of which each holds memory that waits for one processor. A depot is a
//!   stack for each class, and who needs blocks first gets them. So what waits is bounded for the whole machine, by
//!   [`Cpus::DEPOT`] batches a class, however many processors there are; and one that is switched off owes nobody anything.
//!
//! What it costs is a word that all processors exchange: once for a batch, of up to 32 blocks, and not for a block.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use lock_api::RawMutex;

use super::batch_stack::{Batch, BatchStack, Batches};
use super::cpu_cache::{Bin, CLASSES, CpuCache, Missing, batch_len, block_layout, cached_class, make_free};
use super::locked::DefaultLock;
use super::region_heap::RegionHeap;
use super::sync::{AtomicPtr, AtomicUsize, CAN_EXCHANGE};
use super::{Heap, HeapLayer, LockedHeap, RegionKind, StaticRegion};
use crate::size_class::SizeClass;

/// The processors of a machine, for a [`PerCpuHeap`]: which one is running this, and how to stay there.
///
/// # Safety
///
/// While a guard is there, the code that has it stays on its processor, and nothing else runs there that uses the heap: no
/// other thread, and no interrupt handler. `cpu_index` then gives the number of that processor, which is no other's. Neither
/// function uses the heap or panics, nor does the guard when it is dropped.
pub unsafe trait Cpus: 'static {
    /// While it is there, nobody else gets the processor.
    type Guard;

    /// Keeps everybody else from the processor: turns interrupts off, or preemption if handlers do not use the heap. It may
    /// be called again while a guard is there.
    fn stay() -> Self::Guard;

    /// The number of this processor. One beyond the heap's last has no cache and uses the shared heap.
    fn cpu_index() -> usize;

    /// About how many bytes of a class are a *batch*: one block at least, and 32 at most. A processor keeps up to two batches of each
    /// class, but for what it takes from the depot.
    const BATCH_BYTES: usize = 2048;

    /// How many batches of a class may wait in the depot. More go back to the shared heap.
    const DEPOT: usize = 4;

    /// About how many bytes of a class a processor takes from the shared heap at a time, when it finds again and again that it has
    /// none: one block at least, and eight at most. With the heap locked, that is as many requests in a row.
    const FILL_BYTES: usize = 256;
}

/// A [`LockedHeap`] with a cache of free blocks for each of `N` processors, fit for `#[global_allocator]`.
///
/// ```
/// use mudlark_core_alloc::{Cpus, PerCpuHeap, StaticRegion};
///
/// struct Machine;
///
/// # struct InterruptsOff;
/// # fn interrupts_off() -> InterruptsOff { InterruptsOff }
/// # fn this_processor() -> usize { 0 }
/// // SAFETY: with interrupts off nobody else gets the processor, and each has its own number.
/// unsafe impl Cpus for Machine {
///     type Guard = InterruptsOff;
///
///     fn stay() -> InterruptsOff {
///         interrupts_off()
///     }
///
///     fn cpu_index() -> usize {
///         this_processor()
///     }
/// }
///
/// static MEMORY: StaticRegion<{ 1 << 20 }> = StaticRegion::new();
/// static HEAP: PerCpuHeap<Machine, 4> = PerCpuHeap::with_region(&MEMORY);
/// assert_eq!(HEAP.shared().stats().used, 0);
/// ```
///
/// Blocks of up to 1 KiB that are aligned to no more than two words are cached, in [size classes](SizeClass); all others come
/// from the shared heap. Under a guard there is no loop but the exchange of a depot, which is tried again only when another
/// processor was faster, and a few steps otherwise. The lock `R` of the shared heap is taken with no guard held: if handlers
/// use the heap, it must keep them out by itself.
///
/// A cache takes two batches of a class, and what it finds in the depot, which are four or some more. Each processor that finds its
/// cache empty again and again takes some blocks at once from the shared heap: one, then two, up to eight. How much all this is
/// at most, [`Cpus`] may say: for small memory, take less.
///
/// When a request is refused, this processor's cache and the depots go back to the shared heap, and it is tried again; what the
/// others have in their caches stays there. So a processor that goes idle should [`collect`](Self::collect); for one that is taken
/// offline, another may [do it](Self::collect_of). Blocks in caches count as used in [`stats`](LockedHeap::stats).
///
/// In memory a processor takes some four words a class, about 1 KiB with 64 bits. A block that is freed twice is not
/// found out before it goes back to the shared heap. On targets without compare-and-swap the crate's feature `critical-section` is
/// needed: without, no such heap compiles.
///
/// Caches for processors instead of threads, with a depot of batches ("magazines") between them, are Bonwick's and Adams'
/// ("Magazines and Vmem", 2001).
pub struct PerCpuHeap<C, const N: usize, R = DefaultLock, H = Heap> {
    caches: [CpuCache; N],
    depots: [BatchStack; CLASSES],
    shared: LockedHeap<R, H>,
    cpus: PhantomData<fn() -> C>,
}

impl<C: Cpus, const N: usize, R: RawMutex, H: RegionHeap> PerCpuHeap<C, N, R, H> {
    /// A heap without memory, which refuses every request until [`shared`](Self::shared) is given a region.
    #[must_use]
    pub const fn new() -> Self {
        Self::in_front_of(LockedHeap::new())
    }

    /// A heap that claims `region` as soon as it is used, as [`LockedHeap::with_region`] does.
    #[must_use]
    pub const fn with_region<const SIZE: usize>(region: &'static StaticRegion<SIZE, R>) -> Self
    where
        R: Sync,
    {
        Self::in_front_of(LockedHeap::with_region(region))
    }

    const fn in_front_of(shared: LockedHeap<R, H>) -> Self {
        const { assert!(CAN_EXCHANGE, "on this target mudlark needs its feature `critical-section` for that") };
        Self {
            caches: [const { CpuCache::new() }; N],
            depots: [const { BatchStack { top: AtomicPtr::new(ptr::null_mut()), count: AtomicUsize::new(0) } };
                CLASSES],
            shared,
            cpus: PhantomData,
        }
    }

    /// The heap behind the caches: to be given regions, and asked what it has.
    pub const fn shared(&self) -> &LockedHeap<R, H> {
        &self.shared
    }

    /// Gives what this processor's cache and the depots have back to the shared heap, where it becomes part of anything else.
    ///
    /// In the time of a free for each of these blocks, with the heap locked for one at a time. To be called from an idle
    /// processor, too.
    pub fn collect(&self) {
        for class in SizeClass::all().take(CLASSES) {
            let bin = self.with_bin(class, |bin, _| mem::replace(bin, Bin::EMPTY));
            self.send_bin_home(class, bin.unwrap_or(Bin::EMPTY));
            self.send_all_home(class, self.depots[class.index()].take_all());
        }
    }

    /// Gives what another processor's cache has back to the shared heap. Nothing, if it has no cache.
    ///
    /// # Safety
    ///
    /// That processor is at rest: what it did with this heap happened before, and it does nothing more with it, nor is this
    /// called for it again, before this returns.
    pub unsafe fn collect_of(&self, cpu: usize) {
        let Some(cache) = self.caches.get(cpu) else { return };
        for class in SizeClass::all().take(CLASSES) {
            // SAFETY: by the contract, nobody else uses the cache.
            let bins = unsafe { &mut *cache.0.get() };
            let bin = mem::replace(&mut bins[class.index()], Bin::EMPTY);
            self.send_bin_home(class, bin);
        }
    }

    fn send_bin_home(&self, class: SizeClass, Bin { loaded, full, .. }: Bin) {
        self.send_home(class, loaded);
        self.send_all_home(class, full);
    }

    fn send_all_home(&self, class: SizeClass, mut batches: Batches) {
        while let Some(batch) = batches.pop(batch_len::<C>(class)) {
            self.send_home(class, batch);
        }
    }

    /// Gives blocks back to the shared heap.
    #[cold]
    fn send_home(&self, class: SizeClass, mut batch: Batch) {
        while let Some(block) = batch.pop() {
            // SAFETY: blocks of a class are from there, by a cache's invariant, and nobody else's.
            unsafe { self.shared.dealloc(block.as_ptr().cast(), block_layout(class)) };
        }
    }

    /// Calls `act` with this processor's bin of the class, and the depot; unless it has no cache.
    #[inline]
    fn with_bin<T>(&self, class: SizeClass, act: impl FnOnce(&mut Bin, &BatchStack) -> T) -> Option<T> {
        let guard = C::stay();
        let cache = self.caches.get(C::cpu_index())?;
        // SAFETY: by the contract of `Cpus`, nobody else uses it until the guard is dropped, and `act` is code of this
        // file, which does not come here again.
        let bins = unsafe { &mut *cache.0.get() };
        let answer = act(&mut bins[class.index()], &self.depots[class.index()]);
        drop(guard);
        Some(answer)
    }

    #[inline]
    fn allocate_cached(&self, class: SizeClass) -> *mut u8 {
        match self.with_bin(class, |bin, depot| bin.pop::<C>(class, depot)) {
            Some(Ok(block)) => block.as_ptr().cast(),
            Some(Err(Missing { fill })) if fill > 1 => self.allocate_and_fill(class, fill),
            _ => self.allocate_shared(block_layout(class)),
        }
    }

    /// A block from the shared heap, and some more for the cache.
    #[cold]
    fn allocate_and_fill(&self, class: SizeClass, fill: usize) -> *mut u8 {
        let mut blocks = Batch::EMPTY;
        self.shared.allocate_some(block_layout(class), fill, |block| {
            // SAFETY: just allocated, for more than that, and nobody else's.
            let block = unsafe { make_free(block) };
            // SAFETY: likewise.
            unsafe { blocks.push(block) };
        });
        let Some(first) = blocks.pop() else { return self.allocate_shared(block_layout(class)) };
        while let Some(block) = blocks.pop() {
            // SAFETY: likewise, it is of that layout.
            unsafe { self.deallocate_cached(class, block.cast()) };
        }
        first.as_ptr().cast()
    }

    #[cold]
    fn allocate_shared(&self, layout: Layout) -> *mut u8 {
        self.again_with_all(|| {
            // SAFETY: a heap over regions serves a size of zero, too.
            NonNull::new(unsafe { self.shared.alloc(layout) })
        })
        .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// What `request` gets from the shared heap, be it with what this processor and the depots have.
    fn again_with_all(&self, request: impl Fn() -> Option<NonNull<u8>>) -> Option<NonNull<u8>> {
        request().or_else(|| {
            self.collect();
            request()
        })
    }

    /// # Safety
    ///
    /// The block is of the class's layout, from the shared heap, and is not used again.
    #[inline]
    unsafe fn deallocate_cached(&self, class: SizeClass, block: NonNull<u8>) {
        // SAFETY: the block has room for it, is aligned for it, and is ours by the contract.
        let block = unsafe { make_free(self.shared.widened(block)) };
        // SAFETY: just written; nobody else leads there, by the contract.
        let surplus = self.with_bin(class, |bin, depot| unsafe { bin.push::<C>(block, class, depot) });
        match surplus {
            Some(None) => (),
            Some(Some(batch)) => self.send_home(class, batch),
            // SAFETY: by the contract.
            None => unsafe { self.shared.dealloc(block.as_ptr().cast(), block_layout(class)) },
        }
    }
}

impl<C: Cpus, const N: usize, R: RawMutex, H: HeapLayer> PerCpuHeap<C, N, R, H> {
    /// A block from a region that has all flags of `kind`, if there is one to be had in the shared heap. It is freed as any other;
    /// then this heap's cache may have it, and hand it out for any request.
    pub fn allocate_in(&self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        let layout = cached_class(layout).map_or(layout, block_layout);
        self.again_with_all(|| self.shared.allocate_in(kind, layout))
    }
}

// SAFETY: blocks are the shared heap's, of the layouts that are asked for or of a class that holds them, and those in caches
// and depots are nobody's until they are handed out, once. No panic leaves: by the contract of `Cpus`.
unsafe impl<C: Cpus, const N: usize, R: RawMutex, H: RegionHeap> GlobalAlloc for PerCpuHeap<C, N, R, H> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match cached_class(layout) {
            Some(class) => self.allocate_cached(class),
            None => self.allocate_shared(layout),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match cached_class(layout) {
            Some(class) => {
                // SAFETY: it came from `alloc`, which gives no null for a block.
                let block = unsafe { NonNull::new_unchecked(block) };
                // SAFETY: the caller parts with it, and `alloc` knows the same class.
                unsafe { self.deallocate_cached(class, block) };
            }
            // SAFETY: it is the shared heap's, of this layout.
            None => unsafe { self.shared.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new) = Layout::from_size_align(new_size, layout.align()) else { return ptr::null_mut() };
        match (cached_class(layout), cached_class(new)) {
            (Some(class), Some(same)) if class == same => return block,
            (None, None) => {
                // SAFETY: it is the shared heap's, of this layout; the rest by the caller's promise.
                let moved = unsafe { self.shared.realloc(block, layout, new_size) };
                if !moved.is_null() {
                    return moved;
                }
            }
            _ => (),
        }
        // SAFETY: by the caller's promise, the new size is not zero.
        let target = unsafe { self.alloc(new) };
        if !target.is_null() {
            // SAFETY: both are live blocks of at least so many bytes, so they do not overlap.
            unsafe { target.copy_from_nonoverlapping(block, layout.size().min(new_size)) };
            // SAFETY: the caller parts with it.
            unsafe { self.dealloc(block, layout) };
        }
        target
    }
}

impl<C: Cpus, const N: usize, R: RawMutex, H: RegionHeap> Default for PerCpuHeap<C, N, R, H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, const N: usize, R: RawMutex, H: RegionHeap> fmt::Debug for PerCpuHeap<C, N, R, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCpuHeap").field("shared", &self.shared).finish_non_exhaustive()
    }
}
