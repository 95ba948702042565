//! A heap over fixed regions behind a lock, as a global allocator.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::ptr::{self, NonNull};

use lock_api::{Mutex, MutexGuard, RawMutex};

use super::misuse::Refusal;
use super::region_heap::{RegionHeap, Resize, or_panic};
use super::shared::{Shared, abort_on_panic, move_block};
use super::static_region::Claim;
use super::{Damage, Heap, HeapLayer, HeapStats, RegionKind, RegionTooSmall, StaticRegion};

/// The lock of a [`LockedHeap`] that names no other: a spinlock, where the target can have one.
#[cfg(target_has_atomic = "8")]
pub type DefaultLock = spin::Mutex<()>;
/// The lock of a [`LockedHeap`] that names no other: none that would compile, on this target.
#[cfg(not(target_has_atomic = "8"))]
pub type DefaultLock = NoSpinlockOnThisTarget;

/// What stands for a lock where there can be no spinlock, for want of compare-and-swap. Name one there that disables
/// interrupts.
#[cfg(not(target_has_atomic = "8"))]
#[derive(Debug)]
pub enum NoSpinlockOnThisTarget {}

/// A [`Heap`] that threads, cores and interrupt handlers may share, fit for `#[global_allocator]`.
///
/// With memory in a static, one line makes the allocator:
///
/// ```
/// use mudlark_core_alloc::{LockedHeap, StaticRegion};
///
/// static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();
///
/// #[global_allocator]
/// static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);
///
/// let squares: Vec<u32> = (0..10).map(|n| n * n).collect();
/// assert_eq!(squares[9], 81);
/// assert!(HEAP.stats().used >= 40);
/// ```
///
/// With memory that a linker script sets aside, give it to the heap before the first allocation:
///
/// ```no_run
/// use mudlark_core_alloc::{LockedHeap, RegionTooSmall};
///
/// static HEAP: LockedHeap = LockedHeap::new();
///
/// unsafe extern "C" {
///     static mut _heap_start: u8;
///     static mut _heap_end: u8;
/// }
///
/// fn start_heap() -> Result<(), RegionTooSmall> {
///     let start = &raw mut _heap_start;
///     let size = (&raw mut _heap_end).addr() - start.addr();
///     // SAFETY: the linker script sets aside what lies between the two symbols, for the heap alone.
///     unsafe { HEAP.add_region(start, size) }
/// }
/// # fn main() {}
/// ```
///
/// # The lock
///
/// `R` is any [`lock_api::RawMutex`]. The default is a spinlock, which will do for threads and cores, but not for
/// interrupt handlers: one that interrupts an allocation on its own core would wait for it forever. Where handlers use
/// the heap, `R` must disable interrupts, as a critical section does. Targets without compare-and-swap have no
/// spinlock, and so no default.
///
/// For one core, that may look so (the crate's own [`lock_api`] is the one to implement):
///
/// ```
/// use core::cell::Cell;
/// use mudlark_core_alloc::lock_api::{GuardNoSend, RawMutex};
/// use mudlark_core_alloc::{LockedHeap, StaticRegion};
///
/// # mod cpu {
/// #     use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
/// #     static INTERRUPTS: AtomicBool = AtomicBool::new(true);
/// #     pub fn disable_interrupts() -> bool { INTERRUPTS.swap(false, Relaxed) }
/// #     pub fn restore_interrupts(enabled: bool) { INTERRUPTS.store(enabled, Relaxed) }
/// # }
/// struct CriticalSection {
///     held: Cell<bool>,
///     were_enabled: Cell<bool>,
/// }
///
/// // SAFETY: the only core touches the cells while interrupts are disabled.
/// unsafe impl Sync for CriticalSection {}
///
/// // SAFETY: while `held` is set, interrupts are disabled, so nobody else runs; a second attempt fails.
/// unsafe impl RawMutex for CriticalSection {
///     const INIT: Self = Self { held: Cell::new(false), were_enabled: Cell::new(false) };
///     type GuardMarker = GuardNoSend;
///
///     fn lock(&self) {
///         assert!(self.try_lock(), "the only core would wait for itself");
///     }
///
///     fn try_lock(&self) -> bool {
///         let were_enabled = cpu::disable_interrupts();
///         if self.held.replace(true) {
///             cpu::restore_interrupts(were_enabled);
///             return false;
///         }
///         self.were_enabled.set(were_enabled);
///         true
///     }
///
///     unsafe fn unlock(&self) {
///         self.held.set(false);
///         cpu::restore_interrupts(self.were_enabled.get());
///     }
/// }
///
/// static MEMORY: StaticRegion<4096, CriticalSection> = StaticRegion::new();
/// static HEAP: LockedHeap<CriticalSection> = LockedHeap::with_region(&MEMORY);
/// assert_eq!(HEAP.stats().total, 4096);
/// ```
///
/// # The heap
///
/// `H` is a [`Heap`], unless another [`RegionHeap`] is named, as [`PagedHeap`](super::PagedHeap).
///
/// # Broken contracts
///
/// A free or a resize that the heap finds out (see [`Heap::deallocate`]) ends the program: by a panic after the heap is
/// unlocked, so that the panic's message may be made with memory of this heap, and by a second one instead of unwinding.
///
/// There is no way to the heap within: whoever had it could exchange it for another, and with that pull the memory
/// from under all blocks.
pub struct LockedHeap<R = DefaultLock, H = Heap> {
    shared: Mutex<R, Shared<H>>,
}

impl<R: RawMutex, H: RegionHeap> LockedHeap<R, H> {
    /// A heap without memory, which refuses every request until it is given a region.
    #[must_use]
    pub const fn new() -> Self {
        Self { shared: Mutex::new(Shared::new(None)) }
    }

    /// A heap that claims `region` as soon as it is used.
    ///
    /// If another heap has claimed it by then, or if it is too small, this one has no memory.
    #[must_use]
    pub const fn with_region<const N: usize>(region: &'static StaticRegion<N, R>) -> Self
    where
        R: Sync,
    {
        Self { shared: Mutex::new(Shared::new(Some(region))) }
    }

    /// Takes `region` for this heap.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] when a heap has it already, or when it is too small to be of use.
    pub fn claim<const N: usize>(&self, region: &'static StaticRegion<N, R>) -> Result<(), ClaimError>
    where
        R: Sync,
    {
        let (start, size) = region.claim().ok_or(ClaimError::Taken)?;
        // SAFETY: the static's memory is ours for good, as nobody else got it or will get it.
        unsafe { self.add_region(start, size) }.map_err(ClaimError::TooSmall)
    }

    /// Gives the heap `size` bytes of memory from `start` on.
    ///
    /// # Errors
    ///
    /// [`RegionTooSmall`] as [`Heap::add_region`].
    ///
    /// # Panics
    ///
    /// As [`Heap::add_region`].
    ///
    /// # Safety
    ///
    /// As for [`Heap::add_region`].
    pub unsafe fn add_region(&self, start: *mut u8, size: usize) -> Result<(), RegionTooSmall> {
        // SAFETY: the caller's promise is the one asked for.
        let added = unsafe { self.shared.lock().heap.try_add_region(start, size) };
        added.map_err(Refusal::or_panic)
    }

    /// Up to `count` blocks for `layout`, one after the other, with the heap locked once. `take` must not use the heap.
    pub(super) fn allocate_some(&self, layout: Layout, count: usize, take: impl FnMut(NonNull<u8>)) {
        abort_on_panic(|| {
            let mut shared = self.shared.lock();
            core::iter::from_fn(|| shared.allocate(layout)).take(count).for_each(take);
        });
    }

    /// The same place as `freed`, by a pointer that may be used for the whole block.
    ///
    /// A freed pointer may be narrowed to the bytes that were asked for (rust-lang/miri#2104), while a free block's links need
    /// more. Miri minds. How far a pointer reaches is not settled for compiled programs, and today's compiler draws no
    /// conclusions from it here; the look-up would cost every free, so it is done under Miri only.
    #[inline(always)]
    pub(super) fn widened(&self, freed: NonNull<u8>) -> NonNull<u8> {
        if cfg!(miri) { self.shared.lock().heap.whole(freed) } else { freed }
    }

    /// [`Mutex::lock`] in place of the call, even in programs that are built for size: it is a few instructions.
    #[inline(always)]
    fn lock(&self) -> MutexGuard<'_, R, Shared<H>> {
        // SAFETY: it is locked here, and unlocked by the guard.
        unsafe { self.shared.raw() }.lock();
        // SAFETY: just locked, with no other guard.
        unsafe { self.shared.make_guard_unchecked() }
    }

    /// What the heap has, and how much of it is in use. With a [`Heap`], it is locked for a walk over all blocks: where the
    /// lock masks interrupts, they are masked for as long.
    pub fn stats(&self) -> HeapStats {
        let mut shared = self.shared.lock();
        shared.claim();
        shared.heap.stats()
    }
}

impl<R: RawMutex, H: HeapLayer> LockedHeap<R, H> {
    /// Gives the heap memory of a kind, as [`Heap::add_region_of`] does.
    ///
    /// # Errors
    ///
    /// [`RegionTooSmall`] as [`Heap::add_region`].
    ///
    /// # Panics
    ///
    /// As [`Heap::add_region`].
    ///
    /// # Safety
    ///
    /// As for [`Heap::add_region`].
    pub unsafe fn add_region_of(&self, kind: RegionKind, start: *mut u8, size: usize) -> Result<(), RegionTooSmall> {
        // SAFETY: the caller's promise is the one asked for.
        let added = unsafe { self.shared.lock().heap.try_add_region_of(kind, start, size) };
        added.map_err(Refusal::or_panic)
    }

    /// A block from a region that has all flags of `kind`, if there is one to be had. It is freed as any other.
    pub fn allocate_in(&self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        let mut shared = self.shared.lock();
        shared.claim();
        shared.heap.allocate_in(kind, layout)
    }

    /// Looks for damage, as [`Heap::verify`] does, with the heap locked for as long as that takes.
    ///
    /// # Errors
    ///
    /// The first [`Damage`] found.
    pub fn verify(&self) -> Result<(), Damage> {
        self.shared.lock().heap.heap().verify()
    }
}

// SAFETY: the heap hands out blocks that suit their layouts and do not overlap, and keeps them until they are given
// back; the lock makes its operations one after the other. No panic leaves a method: see `abort_on_panic`.
// (`alloc_zeroed` is the trait's own, which zeroes the block after the heap is unlocked.)
unsafe impl<R: RawMutex, H: RegionHeap> GlobalAlloc for LockedHeap<R, H> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = abort_on_panic(|| self.lock().allocate(layout));
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: it came from `alloc`, which gives no null for a block.
        let block = unsafe { NonNull::new_unchecked(block) };
        abort_on_panic(|| {
            // SAFETY: the caller's promise is the one asked for.
            let freed = unsafe { self.lock().heap.try_deallocate(block, layout) };
            or_panic(freed);
        });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`.
        let block = unsafe { NonNull::new_unchecked(block) };
        let Ok(new) = Layout::from_size_align(new_size, layout.align()) else { return ptr::null_mut() };
        // SAFETY: the caller's promise is the one asked for. Whoever has a block has a heap that claimed its region.
        let resize = abort_on_panic(|| or_panic(unsafe { self.shared.lock().heap.try_resize(block, layout, new) }));
        if resize == Resize::Done {
            return block.as_ptr();
        }
        // SAFETY: the caller's promise is the one asked for.
        unsafe { move_block(self, block, layout, new, resize) }
    }
}

impl<R: RawMutex, H: RegionHeap> Default for LockedHeap<R, H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: RawMutex, H: RegionHeap> fmt::Debug for LockedHeap<R, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Unlocked again before anything is written, because the writer may allocate.
        let stats = self.shared.try_lock().map(|shared| shared.heap.stats());
        let mut debug = f.debug_struct("LockedHeap");
        match stats {
            Some(stats) => debug.field("stats", &stats),
            None => debug.field("stats", &format_args!("<locked>")),
        };
        debug.finish_non_exhaustive()
    }
}

/// Why a [`LockedHeap`] did not get a [`StaticRegion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// Another heap has it, or this one itself.
    Taken,
    /// It is too small to be of use.
    TooSmall(RegionTooSmall),
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("a heap has the region already"),
            Self::TooSmall(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ClaimError {}
