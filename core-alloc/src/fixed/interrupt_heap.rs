//! A heap that interrupt handlers share with what they interrupt, and that neither masks interrupts nor waits.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::ptr::{self, NonNull};

use lock_api::{Mutex, RawMutex};

use super::block::GRANULE;
use super::deferred_frees::DeferredFrees;
use super::misuse::{Misuse, Refusal};
use super::region_heap::{Resize, or_panic};
use super::region_list::RegionList;
use super::reserve::Reserve;
use super::shared::{Shared, abort_on_panic, move_block};
use super::static_region::Claim;
use super::sync::{AtomicPtr, CAN_EXCHANGE};
use super::{ClaimError, Damage, DefaultLock, Heap, HeapLayer, HeapStats, RegionKind, RegionTooSmall, StaticRegion};

/// How many deferred blocks a call frees on its way, so that each takes bounded time.
const CATCH_UP: usize = 2;

/// A [`Heap`] that interrupt handlers share with what they interrupt, fit for `#[global_allocator]`. It does not mask
/// interrupts: who finds it locked does without the lock.
///
/// - **A free** is a push on a stack then. Who has the heap next takes two blocks from there at each call, and all of them before it
///   refuses a request.
/// - **A request** gets a block of the *reserve* then, which are `RESERVED` blocks of `RESERVE_SIZE` bytes, or is refused. Calls
///   that find the heap unlocked fill the reserve again, one block at a time.
/// - **A resize** that finds it locked is a request, a copy and a free.
///
/// So a handler takes no longer when it interrupts a call of this heap than when it does not, but may get less. Interrupts are
/// served at any time; only on targets without compare-and-swap the stack and the reserve are exchanged in a critical section of
/// less than 20 instructions (of the crate `critical-section`, by the feature of that name).
///
/// ```
/// use mudlark_core_alloc::{DefaultLock, InterruptHeap, StaticRegion};
///
/// static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();
///
/// #[global_allocator]
/// static HEAP: InterruptHeap<DefaultLock, 64, 4> = InterruptHeap::with_region(&MEMORY);
///
/// HEAP.prepare();
/// let squares: Vec<u32> = (0..10).map(|n| n * n).collect();
/// assert_eq!(squares[9], 81);
/// ```
///
/// # The lock
///
/// `R` is only ever tried. A spinlock will do, on any number of cores; a [`SingleCoreLock`](super::SingleCoreLock) does where
/// there is one core, compare-and-swap or not. The heap is meant for one core: who finds it locked because of *another* core or
/// thread, and not because of what it has interrupted, is sent to the reserve as well, although waiting would help.
///
/// # Memory for handlers
///
/// A block of the reserve serves requests of up to `RESERVE_SIZE` bytes that ask for the alignment of two words or less. As
/// many as a handler needs while it interrupts one call are enough, and count as in use. [`prepare`](Self::prepare) fills the reserve
/// before the first interrupt.
///
/// # The heap
///
/// `H` is a [`Heap`], unless another [`HeapLayer`] is named, as a [`GrowingHeap`](super::GrowingHeap): a call that finds it unlocked, be it
/// a handler's, may then add a region. On targets without compare-and-swap the crate's feature `critical-section` is needed: without,
/// no such heap compiles.
///
/// # Broken contracts
///
/// As for a [`LockedHeap`](super::LockedHeap#broken-contracts).
pub struct InterruptHeap<R = DefaultLock, const RESERVE_SIZE: usize = 0, const RESERVED: usize = 0, H = Heap> {
    shared: Mutex<R, Shared<H>>,
    regions: RegionList,
    deferred: DeferredFrees,
    reserve: Reserve<RESERVED>,
}

impl<R: RawMutex, const RESERVE_SIZE: usize, const RESERVED: usize, H: HeapLayer>
    InterruptHeap<R, RESERVE_SIZE, RESERVED, H>
{
    /// What blocks of the reserve were asked for.
    const RESERVE_LAYOUT: Layout = match Layout::from_size_align(RESERVE_SIZE, GRANULE) {
        Ok(layout) => layout,
        Err(_) => panic!("no block has so many bytes"),
    };

    /// A heap without memory, which refuses every request until it is given a region.
    #[must_use]
    pub const fn new() -> Self {
        Self::of(Shared::new(None))
    }

    /// A heap that claims `region` as soon as it is used.
    ///
    /// If another heap has claimed it by then, or if it is too small, this one has no memory.
    #[must_use]
    pub const fn with_region<const N: usize>(region: &'static StaticRegion<N, R>) -> Self
    where
        R: Sync,
    {
        Self::of(Shared::new(Some(region)))
    }

    const fn of(shared: Shared<H>) -> Self {
        const { assert!(CAN_EXCHANGE, "on this target mudlark needs its feature `critical-section` for that") };
        Self {
            shared: Mutex::new(shared),
            regions: RegionList::new(),
            deferred: DeferredFrees { newest: AtomicPtr::new(ptr::null_mut()) },
            reserve: Reserve { places: [const { AtomicPtr::new(ptr::null_mut()) }; RESERVED] },
        }
    }

    /// Claims the region that the heap began with, and fills the reserve. Not to be called by an interrupt handler, which
    /// might have to wait.
    pub fn prepare(&self) {
        let mut shared = self.shared.lock();
        self.claim(&mut shared);
        while !self.reserve.is_full() && self.fill_reserve(&mut shared) == Filled::Yes {}
    }

    /// Takes `region` for this heap. Not to be called by an interrupt handler, which might have to wait.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] when a heap has it already, or when it is too small to be of use.
    pub fn claim_region<const N: usize>(&self, region: &'static StaticRegion<N, R>) -> Result<(), ClaimError>
    where
        R: Sync,
    {
        let (start, size) = region.claim().ok_or(ClaimError::Taken)?;
        // SAFETY: the static's memory is ours for good, as nobody else got it or will get it.
        unsafe { self.add_region(start, size) }.map_err(ClaimError::TooSmall)
    }

    /// Gives the heap `size` bytes of memory from `start` on. Not to be called by an interrupt handler, which might have to
    /// wait.
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
        unsafe { self.add_region_of(RegionKind::ANY, start, size) }
    }

    /// Gives the heap memory of a kind, as [`Heap::add_region_of`] does. Not to be called by an interrupt handler, which
    /// might have to wait.
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
        let mut shared = self.shared.lock();
        // SAFETY: the caller's promise is the one asked for.
        let added = unsafe { shared.heap.try_add_region_of(kind, start, size) };
        self.regions.publish(shared.heap.heap().newest());
        drop(shared);
        added.map_err(Refusal::or_panic)
    }

    /// A block from a region that has all flags of `kind`, if there is one to be had. It is freed as any other. A handler that
    /// finds the heap locked is refused, as the reserve is of no kind.
    pub fn allocate_in(&self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        let mut shared = self.shared.try_lock()?;
        let block = self.allocate(&mut shared, |heap| heap.allocate_in(kind, layout));
        drop(shared);
        or_panic(block)
    }

    /// What the heap has, and how much of it is in use, when all that was deferred is freed; `None` when it is locked.
    ///
    /// Walks all blocks. Interrupts are served meanwhile, with what the reserve has.
    pub fn stats(&self) -> Option<HeapStats> {
        let mut shared = self.shared.try_lock()?;
        self.claim(&mut shared);
        let freed = self.free_deferred(&mut shared, usize::MAX);
        let stats = shared.heap.stats();
        drop(shared);
        or_panic(freed);
        Some(stats)
    }

    /// Looks for damage, as [`Heap::verify`] does; `None` when the heap is locked. Interrupts are served meanwhile, with what
    /// the reserve has.
    pub fn verify(&self) -> Option<Result<(), Damage>> {
        Some(self.shared.try_lock()?.heap.heap().verify())
    }

    fn claim(&self, shared: &mut Shared<H>) {
        shared.claim();
        self.regions.publish(shared.heap.heap().newest());
    }

    /// What `request` gets from the heap, which is locked by the caller. It asks again as long as there is more to be had.
    #[inline(always)]
    fn allocate(
        &self,
        shared: &mut Shared<H>,
        request: impl Fn(&mut H) -> Option<NonNull<u8>>,
    ) -> Result<Option<NonNull<u8>>, Misuse> {
        self.catch_up(shared)?;
        loop {
            match request(&mut shared.heap) {
                None if self.make_room(shared)? => (),
                served => {
                    self.note_growth(shared);
                    return Ok(served);
                }
            }
        }
    }

    /// After a refusal: frees all that was deferred, or else claims the region to begin with. Says whether there was either.
    #[cold]
    #[inline(never)]
    fn make_room(&self, shared: &mut Shared<H>) -> Result<bool, Misuse> {
        if self.deferred.is_empty() {
            let claimed = shared.claim();
            self.regions.publish(shared.heap.heap().newest());
            return Ok(claimed);
        }
        self.free_deferred(shared, usize::MAX)?;
        Ok(true)
    }

    /// Lets handlers see a region that a request may have added.
    #[inline]
    fn note_growth(&self, shared: &Shared<H>) {
        if H::GROWS {
            self.regions.publish(shared.heap.heap().newest());
        }
    }

    /// A block for who finds the heap locked.
    #[cold]
    #[inline(never)]
    fn allocate_reserved(&self, layout: Layout) -> Option<NonNull<u8>> {
        if Self::may_be_reserved(layout) { self.reserve.take() } else { None }
    }

    /// Whether blocks of the reserve serve a layout.
    const fn may_be_reserved(layout: Layout) -> bool {
        RESERVED > 0 && layout.size() <= RESERVE_SIZE && layout.align() <= GRANULE
    }

    /// Does some of what those left behind who found the heap locked.
    #[inline(always)]
    fn catch_up(&self, shared: &mut Shared<H>) -> Result<(), Misuse> {
        if self.reserve.is_short() {
            self.fill_reserve(shared);
        }
        if self.deferred.is_empty() { Ok(()) } else { self.free_deferred(shared, CATCH_UP) }
    }

    /// Frees up to so many deferred blocks.
    #[cold]
    #[inline(never)]
    fn free_deferred(&self, shared: &mut Shared<H>, most: usize) -> Result<(), Misuse> {
        // SAFETY: only who has the lock pops.
        let deferred = core::iter::from_fn(|| unsafe { self.deferred.pop() });
        deferred.take(most).try_for_each(|(block, layout)| {
            // SAFETY: its user parted with it when it was pushed.
            unsafe { Self::free(shared, block, layout) }
        })
    }

    /// Lays a block by.
    #[cold]
    #[inline(never)]
    fn fill_reserve(&self, shared: &mut Shared<H>) -> Filled {
        let Some(block) = shared.heap.allocate(Self::RESERVE_LAYOUT) else { return Filled::No };
        self.note_growth(shared);
        let kept = self.reserve.put(block);
        debug_assert!(kept, "the first place is empty, and only who has the lock fills it");
        Filled::Yes
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// As for [`Heap::deallocate`], but the block may be one of the reserve, and larger than its layout says.
    #[inline(always)]
    unsafe fn free(shared: &mut Shared<H>, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        // SAFETY: the caller's promise, or else nothing changes.
        match unsafe { shared.heap.try_deallocate(block, layout) } {
            Err(_) if cfg!(debug_assertions) && Self::may_be_reserved(layout) => {
                // SAFETY: likewise.
                unsafe { shared.heap.try_deallocate(block, Self::RESERVE_LAYOUT) }
            }
            freed => freed,
        }
    }

    /// Resizes a block where it lies.
    ///
    /// # Safety
    ///
    /// As for [`RegionHeap::try_resize`](super::RegionHeap::try_resize), but the block may be one of the reserve, and larger than its layout says.
    unsafe fn resize(
        shared: &mut Shared<H>,
        block: NonNull<u8>,
        layout: Layout,
        new: Layout,
    ) -> Result<Resize, Misuse> {
        // SAFETY: the caller's promise, or else nothing changes.
        match unsafe { shared.heap.try_resize(block, layout, new) } {
            Err(_) if cfg!(debug_assertions) && Self::may_be_reserved(layout) => {
                // SAFETY: likewise.
                unsafe { shared.heap.try_resize(block, Self::RESERVE_LAYOUT, new) }
            }
            resized => resized,
        }
    }

    /// Leaves a block to who has the lock.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn defer(&self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        let Some(whole) = self.regions.whole(block) else {
            return Err(Misuse::new(block, layout, "it lies in no region of this heap"));
        };
        // SAFETY: the caller parts with it; a block has three words for its user.
        unsafe { self.deferred.push(whole, layout) };
        Ok(())
    }
}

/// Whether the reserve has a block more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    Yes,
    No,
}

// SAFETY: the heap hands out blocks that suit their layouts and do not overlap, and keeps them until they are given
// back; the lock makes its operations one after the other. Blocks of the reserve were such blocks, and each is taken from there
// once. No panic leaves a method: see `abort_on_panic`.
// (`alloc_zeroed` is the trait's own, which zeroes the block after the heap is unlocked.)
unsafe impl<R: RawMutex, const RESERVE_SIZE: usize, const RESERVED: usize, H: HeapLayer> GlobalAlloc
    for InterruptHeap<R, RESERVE_SIZE, RESERVED, H>
{
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = abort_on_panic(|| {
            let locked =
                self.shared.try_lock().map(|mut shared| self.allocate(&mut shared, |heap| heap.allocate(layout)));
            locked.map_or_else(|| self.allocate_reserved(layout), or_panic)
        });
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: it came from `alloc`, which gives no null for a block.
        let block = unsafe { NonNull::new_unchecked(block) };
        abort_on_panic(|| {
            let locked = self.shared.try_lock().map(|mut shared| {
                // SAFETY: the caller's promise is the one asked for.
                unsafe { Self::free(&mut shared, block, layout) }.and_then(|()| self.catch_up(&mut shared))
            });
            // SAFETY: likewise.
            or_panic(locked.unwrap_or_else(|| unsafe { self.defer(block, layout) }));
        });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`.
        let block = unsafe { NonNull::new_unchecked(block) };
        let Ok(new) = Layout::from_size_align(new_size, layout.align()) else { return ptr::null_mut() };
        let resize = abort_on_panic(|| {
            let locked = self.shared.try_lock().map(|mut shared| {
                // SAFETY: the caller's promise is the one asked for.
                unsafe { Self::resize(&mut shared, block, layout, new) }
            });
            locked.map_or(Resize::MustMove, or_panic)
        });
        if resize == Resize::Done {
            return block.as_ptr();
        }
        // SAFETY: the caller's promise is the one asked for.
        unsafe { move_block(self, block, layout, new, resize) }
    }
}

impl<R: RawMutex, const RESERVE_SIZE: usize, const RESERVED: usize, H: HeapLayer> Default
    for InterruptHeap<R, RESERVE_SIZE, RESERVED, H>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<R: RawMutex, const RESERVE_SIZE: usize, const RESERVED: usize, H: HeapLayer> fmt::Debug
    for InterruptHeap<R, RESERVE_SIZE, RESERVED, H>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Unlocked again before anything is written, because the writer may allocate.
        let stats = self.shared.try_lock().map(|shared| shared.heap.stats());
        f.debug_struct("InterruptHeap").field("stats", &stats).finish_non_exhaustive()
    }
}
