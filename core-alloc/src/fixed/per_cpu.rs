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

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use lock_api::RawMutex;

use super::batch_stack::{Batch, BatchStack, Batches, FreeBlock};
use super::block::GRANULE;
use super::locked::DefaultLock;
use super::region_heap::RegionHeap;
use super::sync::{AtomicPtr, AtomicUsize};
use super::{Heap, LockedHeap, StaticRegion};
use crate::size_class::SizeClass;

/// So many classes are cached.
const CLASSES: usize = match SizeClass::of_small(largest_cached()) {
    Some(class) => class.index() + 1,
    None => unreachable!(),
};
/// So many batches wait in a depot. More go back to the shared heap.
const DEPOT: usize = 4;

// A block has room for what a free one begins with, and is aligned for it.
const _: () = assert!(size_of::<FreeBlock>() <= SizeClass::MIN_SIZE && align_of::<FreeBlock>() <= GRANULE);

const fn largest_cached() -> Layout {
    match Layout::from_size_align(SizeClass::SMALL_LIMIT, 1) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// The class whose cached blocks serve `layout`, if they are cached.
#[inline]
const fn cached_class(layout: Layout) -> Option<SizeClass> {
    if layout.align() <= GRANULE { SizeClass::of_small(layout) } else { None }
}

/// What a block of a class is allocated for.
#[inline]
const fn block_layout(class: SizeClass) -> Layout {
    // SAFETY: the alignment is a power of two, and no class is as large as to overflow.
    unsafe { Layout::from_size_align_unchecked(class.block_size(), GRANULE) }
}

/// How many blocks are a batch: some two kibibytes of them.
#[inline]
const fn batch_len(class: SizeClass) -> usize {
    let len = 2048 / class.block_size();
    if len > 32 { 32 } else { len }
}

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
/// A cache is filled by frees only. It takes two batches of a class, of up to 2 KiB each, and what it finds in the depot,
/// which are four or some more. When a request is refused, this processor's cache and the depots go back to the shared heap,
/// and it is tried again; what the others have in their caches stays there. Such blocks count as used in
/// [`stats`](LockedHeap::stats).
///
/// In memory a processor takes some four words a class, about 1 KiB with 64 bits. A block that is freed twice is not
/// found out before it goes back to the shared heap.
///
/// Caches for processors instead of threads, with a depot of batches ("magazines") between them, are Bonwick's and Adams'
/// ("Magazines and Vmem", 2001).
pub struct PerCpuHeap<C, const N: usize, R = DefaultLock, H = Heap> {
    caches: [CpuCache; N],
    depots: [BatchStack; CLASSES],
    shared: LockedHeap<R, H>,
    cpus: PhantomData<fn() -> C>,
}

/// A processor's cache, in cache lines of its own.
///
/// # Invariants
///
/// It is used by code that has a guard on its processor only. Blocks in the bin of a class are of its `block_layout`, from the
/// shared heap.
#[repr(align(128))]
struct CpuCache(UnsafeCell<[Bin; CLASSES]>);

// SAFETY: by the type's invariant, no two use it at a time.
unsafe impl Sync for CpuCache {}

/// What a processor has of a class.
struct Bin {
    loaded: Batch,
    full: Batches,
}

impl Bin {
    const EMPTY: Self = Self { loaded: Batch::EMPTY, full: Batches::EMPTY };

    #[inline]
    fn pop(&mut self, class: SizeClass, depot: &BatchStack) -> Option<NonNull<FreeBlock>> {
        self.loaded.pop().or_else(|| self.load(class, depot))
    }

    #[cold]
    fn load(&mut self, class: SizeClass, depot: &BatchStack) -> Option<NonNull<FreeBlock>> {
        if self.full.is_empty() {
            self.full = depot.take_all();
        }
        self.loaded = self.full.pop(batch_len(class))?;
        self.loaded.pop()
    }

    /// Adds a block; returns a batch for which there is no room.
    ///
    /// # Safety
    ///
    /// As for [`Batch::push`].
    #[inline]
    unsafe fn push(&mut self, block: NonNull<FreeBlock>, class: SizeClass, depot: &BatchStack) -> Option<Batch> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.loaded.push(block) };
        if self.loaded.len() < batch_len(class) { None } else { self.unload(depot) }
    }

    #[cold]
    fn unload(&mut self, depot: &BatchStack) -> Option<Batch> {
        let batch = mem::replace(&mut self.loaded, Batch::EMPTY);
        if self.full.is_empty() {
            self.full.push(batch);
        } else if depot.count() < DEPOT {
            depot.push(batch);
        } else {
            return Some(batch);
        }
        None
    }
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
        Self {
            caches: [const { CpuCache(UnsafeCell::new([const { Bin::EMPTY }; CLASSES])) }; N],
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
    /// In the time of a free for each of these blocks, with the heap locked for one at a time.
    pub fn collect(&self) {
        for class in SizeClass::all().take(CLASSES) {
            let bin = self.with_bin(class, |bin, _| mem::replace(bin, Bin::EMPTY));
            let Bin { loaded, full } = bin.unwrap_or(Bin::EMPTY);
            self.send_home(class, loaded);
            self.send_all_home(class, full);
            self.send_all_home(class, self.depots[class.index()].take_all());
        }
    }

    fn send_all_home(&self, class: SizeClass, mut batches: Batches) {
        while let Some(batch) = batches.pop(batch_len(class)) {
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
        match self.with_bin(class, |bin, depot| bin.pop(class, depot)).flatten() {
            Some(block) => block.as_ptr().cast(),
            None => self.allocate_shared(block_layout(class)),
        }
    }

    #[cold]
    fn allocate_shared(&self, layout: Layout) -> *mut u8 {
        // SAFETY: a heap over regions serves a size of zero, too.
        let block = unsafe { self.shared.alloc(layout) };
        if !block.is_null() {
            return block;
        }
        self.collect();
        // SAFETY: as above.
        unsafe { self.shared.alloc(layout) }
    }

    /// # Safety
    ///
    /// The block is of the class's layout, from the shared heap, and is not used again.
    #[inline]
    unsafe fn deallocate_cached(&self, class: SizeClass, block: NonNull<u8>) {
        // What a freed pointer reaches, where the language narrows it to the bytes that were asked for, is not settled for
        // compiled programs; the compiler draws no conclusions from it here.
        let block = block.cast::<FreeBlock>();
        // SAFETY: the block has room for it, is aligned for it, and is ours by the contract.
        unsafe { block.write(FreeBlock::new()) };
        // SAFETY: just written; nobody else leads there, by the contract.
        let surplus = self.with_bin(class, |bin, depot| unsafe { bin.push(block, class, depot) });
        match surplus {
            Some(None) => (),
            Some(Some(batch)) => self.send_home(class, batch),
            // SAFETY: by the contract.
            None => unsafe { self.shared.dealloc(block.as_ptr().cast(), block_layout(class)) },
        }
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
