//! The single-owner heap over fixed regions.

use core::alloc::Layout;
use core::fmt;
use core::iter;
use core::ptr::NonNull;

use super::RegionTooSmall;
use super::bins::{BinStats, is_small};
use super::block::{Block, GRANULE, MIN_SIZE, TAG_SIZE, rounded_size_for, size_for};
use super::misuse::{Misuse, Refusal};
use super::region::{Region, Resized};
use super::region_heap::{RegionHeap, Resize, added_or_panic, or_panic};
use super::region_kind::RegionKind;
use super::stats::HeapStats;
use super::verify::{Damage, Part, parts};

/// A heap over regions that its user gives it, for one owner at a time.
///
/// It needs nothing but that memory: no operating system, no other allocator, no lock. It describes itself within the
/// regions, so it may be moved at any time, while its blocks stay, and is two words. Dropping it frees nothing. [The
/// module's documentation](super) tells how it works and what its operations cost; [`LockedHeap`](super::LockedHeap)
/// shares it among threads, cores and interrupt handlers.
///
/// ```
/// use core::alloc::Layout;
/// use core::mem::MaybeUninit;
/// use mudlark_core_alloc::Heap;
///
/// let mut memory = [MaybeUninit::<u8>::uninit(); 2048];
/// let mut heap = Heap::new();
/// // SAFETY: `memory` outlives the heap, and nothing else uses it.
/// unsafe { heap.add_region(memory.as_mut_ptr().cast(), memory.len()) }?;
///
/// let layout = Layout::new::<[u64; 3]>();
/// let block = heap.allocate(layout).expect("2 KiB are plenty");
/// assert!(block.cast::<[u64; 3]>().is_aligned());
/// // SAFETY: `block` was allocated for `layout`, and is not used again.
/// unsafe { heap.deallocate(block, layout) };
/// # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
/// ```
///
/// # Invariants
///
/// The regions are this heap's alone, each in the list once. All blocks in use were handed out and not yet given back.
/// `newest_len` is that of the newest region, or nothing if there is none.
pub struct Heap {
    /// The region that was added last; each knows the one before it.
    newest: Option<Region>,
    /// How far that goes, for a free to see that a block lies in there.
    newest_len: usize,
}

// SAFETY: the regions are the heap's alone, by `add_region`'s contract usable from any thread, and what the pointers
// among them lead to is used only by who has the heap.
unsafe impl Send for Heap {}

// SAFETY: what a shared heap lets do only reads.
unsafe impl Sync for Heap {}

impl Heap {
    /// A heap without memory, which refuses every request until it is given a region.
    #[must_use]
    pub const fn new() -> Self {
        Self { newest: None, newest_len: 0 }
    }

    /// Gives the heap `size` bytes of memory from `start` on.
    ///
    /// Any address and any size will do; a heap may have any number of regions, which need not be neighbours. Requests
    /// are served from the newest region first. A region costs some 10 to 100 words for its header and bins.
    ///
    /// # Errors
    ///
    /// [`RegionTooSmall`] when the memory does not hold the header and one small block. It is not touched then, and
    /// stays the caller's.
    ///
    /// # Panics
    ///
    /// When part of the memory is in a region of this heap. Then it is not touched.
    ///
    /// # Safety
    ///
    /// The bytes must be valid for reads and writes by way of `start`, from every thread that uses the heap. For as
    /// long as the heap or one of its blocks is used, they must stay so, and must not be used otherwise than through
    /// the heap and its blocks. In particular, none of them may belong to a region of this heap or any other.
    pub unsafe fn add_region(&mut self, start: *mut u8, size: usize) -> Result<(), RegionTooSmall> {
        // SAFETY: the caller's promise is the one asked for.
        added_or_panic(unsafe { self.try_add_region(start, size) })
    }

    /// As [`add_region`](Self::add_region), for memory that [`allocate_in`](Self::allocate_in) may ask for. All other requests
    /// are served from there as well, but later than from regions that are added later: so add what is scarce first.
    ///
    /// # Errors
    ///
    /// As [`add_region`](Self::add_region).
    ///
    /// # Panics
    ///
    /// As [`add_region`](Self::add_region).
    ///
    /// # Safety
    ///
    /// As for [`add_region`](Self::add_region).
    pub unsafe fn add_region_of(
        &mut self,
        kind: RegionKind,
        start: *mut u8,
        size: usize,
    ) -> Result<(), RegionTooSmall> {
        // SAFETY: the caller's promise is the one asked for.
        added_or_panic(unsafe { self.try_add_region_of(kind, start, size) })
    }

    /// A block for `layout`, or `None` when there is none to be had; the heap stays usable then.
    ///
    /// A size of zero is served as one byte is. The block's bytes are uninitialised.
    ///
    /// Constant time for each region.
    #[inline(always)]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let size = rounded_size_for(layout);
        if is_small(size)
            && layout.align() <= GRANULE
            && let Some(region) = self.newest
            && let Some(block) = region.take_small(size)
        {
            return Some(block.start());
        }
        allocate_otherwise(self.newest, size, layout.align())
    }

    /// As [`allocate`](Self::allocate), from regions that have all flags of `kind` only.
    ///
    /// ```
    /// use core::alloc::Layout;
    /// use core::mem::MaybeUninit;
    /// use mudlark_core_alloc::{Heap, RegionKind};
    ///
    /// let mut memory = [const { [MaybeUninit::<u8>::uninit(); 2048] }; 2];
    /// let [buffers, plain] = &mut memory;
    /// let mut heap = Heap::new();
    /// // SAFETY: the memory outlives the heap, and nothing else uses it.
    /// unsafe { heap.add_region_of(RegionKind::DMA, buffers.as_mut_ptr().cast(), 2048) }?;
    /// // SAFETY: likewise.
    /// unsafe { heap.add_region(plain.as_mut_ptr().cast(), 2048) }?;
    ///
    /// let block = heap.allocate_in(RegionKind::DMA, Layout::new::<[u8; 512]>()).expect("2 KiB are plenty");
    /// assert!(buffers.as_ptr_range().contains(&block.as_ptr().cast_const().cast()));
    /// assert_eq!(heap.allocate_in(RegionKind::FAST, Layout::new::<u8>()), None);
    /// # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
    /// ```
    pub fn allocate_in(&mut self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        let mut regions = self.regions().filter(|region| region.kind().has(kind));
        let (size, align) = (size_for(layout), layout.align());
        let block = regions.find_map(|region| take(region, size, align).or_else(|| take_rest(region, size, align)))?;
        Some(block.start())
    }

    /// As [`allocate`](Self::allocate), with all bytes that were asked for zero.
    pub fn allocate_zeroed(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.allocate(layout)?;
        // SAFETY: the block has room for the layout, and is not yet anyone else's.
        unsafe { block.write_bytes(0, layout.size()) };
        Some(block)
    }

    /// Takes a block back.
    ///
    /// Constant time, and a step for each region that is newer than the block's.
    ///
    /// # Panics
    ///
    /// When `block` lies in none of the regions. With debug assertions also when no block begins there, when it is free,
    /// and when it does not have the size of `layout`.
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it, and is not used again.
    #[inline]
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: as the caller has it.
        let (region, block) = or_panic(unsafe { self.find(block, layout) });
        // SAFETY: the caller parts with it.
        unsafe { region.give(block) };
    }

    /// Resizes a block to `new_size`, keeping its alignment and the contents up to the smaller size; `None` when there
    /// is no block of that size to be had, and then the old one is untouched.
    ///
    /// The block stays where it is when it shrinks, and when it grows and the memory behind it is free. Any other block
    /// moves, for which there must be room beside it.
    ///
    /// # Panics
    ///
    /// As [`deallocate`](Self::deallocate) does.
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it. Unless the answer is `None`, it is not
    /// used again.
    pub unsafe fn reallocate(&mut self, block: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: as the caller has it.
        or_panic(unsafe { self.try_reallocate(block, layout, new_size) })
    }

    /// What the heap has, and how much of it is in use. Walks all blocks.
    #[must_use]
    pub fn stats(&self) -> HeapStats {
        let mut stats = HeapStats::default();
        for region in self.regions() {
            stats.regions += 1;
            stats.total += region.given();
            stats.overhead += region.given() - region.block_bytes();
        }
        for part in self.parts() {
            if part.in_use {
                stats.blocks += 1;
                stats.used += part.size;
            } else {
                stats.free += part.size;
                stats.largest_free = stats.largest_free.max(part.size - TAG_SIZE);
            }
        }
        stats
    }

    /// All blocks, in use or free, region by region, in the order of their addresses.
    ///
    /// ```
    /// use core::alloc::Layout;
    /// use core::mem::MaybeUninit;
    /// use mudlark_core_alloc::Heap;
    ///
    /// let mut memory = [MaybeUninit::<u8>::uninit(); 2048];
    /// let mut heap = Heap::new();
    /// // SAFETY: `memory` outlives the heap, and nothing else uses it.
    /// unsafe { heap.add_region(memory.as_mut_ptr().cast(), memory.len()) }?;
    /// let block = heap.allocate(Layout::new::<[u64; 8]>()).expect("2 KiB are plenty");
    ///
    /// let uses: Vec<bool> = heap.parts().map(|part| part.in_use).collect();
    /// assert_eq!(uses, [true, false], "the block, and the rest of the region");
    /// assert_eq!(heap.parts().next().map(|part| part.start), Some(block.addr()));
    /// # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.regions().flat_map(parts)
    }

    /// The free blocks by their sizes, region by region: for each bin that has some, from the smallest to the largest.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use mudlark_core_alloc::Heap;
    ///
    /// let mut memory = [MaybeUninit::<u8>::uninit(); 2048];
    /// let mut heap = Heap::new();
    /// // SAFETY: `memory` outlives the heap, and nothing else uses it.
    /// unsafe { heap.add_region(memory.as_mut_ptr().cast(), memory.len()) }?;
    ///
    /// let bins: Vec<_> = heap.bins().collect();
    /// assert_eq!((bins.len(), bins[0].blocks, bins[0].bytes), (1, 1, heap.stats().free));
    /// # Ok::<(), mudlark_core_alloc::RegionTooSmall>(())
    /// ```
    pub fn bins(&self) -> impl Iterator<Item = BinStats> {
        self.regions().flat_map(|region| region.bins().stats())
    }

    /// Looks at every word that the heap keeps in its regions: whether blocks lie side by side up to the end, whether
    /// neighbours agree about each other, and whether just the free ones are listed, where they belong.
    ///
    /// Takes a walk over all blocks, and no memory. To be called when somebody may have written beyond their block.
    ///
    /// # Errors
    ///
    /// The first [`Damage`] found.
    pub fn verify(&self) -> Result<(), Damage> {
        self.regions().try_for_each(super::verify::verify)
    }

    /// The region that was added last.
    pub(super) const fn newest(&self) -> Option<Region> {
        self.newest
    }

    /// As [`RegionHeap::try_add_region`], for memory of a kind.
    ///
    /// # Safety
    ///
    /// As for [`add_region`](Self::add_region).
    pub(super) unsafe fn try_add_region_of(
        &mut self,
        kind: RegionKind,
        start: *mut u8,
        size: usize,
    ) -> Result<(), Refusal> {
        if self.regions().any(|region| region.overlaps(start.addr(), size)) {
            return Err(Refusal::Overlap);
        }
        // SAFETY: the caller's promise is the one asked for.
        let region = unsafe { Region::create(kind, start, size, self.newest) }.map_err(Refusal::TooSmall)?;
        (self.newest, self.newest_len) = (Some(region), region.len());
        Ok(())
    }

    /// The size of a block, with its tag.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the heap finds out that it is none.
    ///
    /// # Safety
    ///
    /// `block` is in use for `layout`.
    pub(super) unsafe fn size_of_block(&self, block: NonNull<u8>, layout: Layout) -> Result<usize, Misuse> {
        // SAFETY: as the caller has it.
        let (_, block) = unsafe { self.find(block, layout) }?;
        Ok(block.tag().size())
    }

    fn regions(&self) -> impl Iterator<Item = Region> {
        regions_from(self.newest)
    }

    /// The block, and the region that it lies in. In debug builds, it must look like one for the layout.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when it is in no region.
    ///
    /// # Safety
    ///
    /// `block` is in use for `layout`.
    #[inline(always)]
    unsafe fn find(&self, block: NonNull<u8>, layout: Layout) -> Result<(Region, Block), Misuse> {
        let Some(region) = self.region_of(block.addr().get()) else { return Err(misuse(self.newest, block, layout)) };
        if cfg!(debug_assertions) && region.objection_to(block, size_for(layout)).is_some() {
            return Err(misuse(self.newest, block, layout));
        }
        // SAFETY: by the contract, it is one.
        Ok((region, unsafe { region.block_at(block) }))
    }

    /// The region that an address lies in.
    #[inline(always)]
    fn region_of(&self, address: usize) -> Option<Region> {
        let (mut region, mut len) = (self.newest, self.newest_len);
        while address.wrapping_sub(region.map_or(0, Region::address)) >= len {
            region = region?.next();
            len = region?.len();
        }
        // SAFETY: by the type's invariants, what has a length is there.
        Some(unsafe { region.unwrap_unchecked() })
    }
}

/// [`Heap::allocate`] out of the regions from `newest` on, for a rounded size.
#[inline(never)]
fn allocate_otherwise(newest: Option<Region>, size: usize, align: usize) -> Option<NonNull<u8>> {
    let size = if size < MIN_SIZE { MIN_SIZE } else { size };
    let region = newest?;
    match take(region, size, align) {
        Some(block) => Some(block.start()),
        None => allocate_older(region, size, align),
    }
}

/// The same, if this region did not serve it: by the last resort, or out of the older ones. (A call, for what a loop keeps takes
/// registers from the first region, which mostly is the only one.)
#[cold]
#[inline(never)]
fn allocate_older(region: Region, size: usize, align: usize) -> Option<NonNull<u8>> {
    if let Some(block) = take_rest(region, size, align) {
        return Some(block.start());
    }
    allocate_otherwise(region.next(), size, align)
}

/// The last resort for what [`take`] found nothing for.
#[inline(always)]
fn take_rest(region: Region, size: usize, align: usize) -> Option<Block> {
    if align > GRANULE { None } else { region.take_rest(size) }
}

/// A block in use out of a region.
#[inline(always)]
fn take(region: Region, size: usize, align: usize) -> Option<Block> {
    if align > GRANULE { region.take_aligned(size, align) } else { region.take(size) }
}

/// What is wrong with a block that was not found.
#[cold]
fn misuse(newest: Option<Region>, block: NonNull<u8>, layout: Layout) -> Misuse {
    let mut reason = "it lies in no region of this heap";
    if cfg!(debug_assertions) {
        let mut regions = regions_from(newest).filter(|region| region.overlaps(block.addr().get(), 1));
        reason = regions.find_map(|region| region.objection_to(block, size_for(layout))).unwrap_or(reason);
    }
    Misuse::new(block, layout, reason)
}

fn regions_from(newest: Option<Region>) -> impl Iterator<Item = Region> {
    iter::successors(newest, |region| region.next())
}

// SAFETY: blocks are cut from regions that are the heap's alone, by sizes that hold the layouts.
unsafe impl RegionHeap for Heap {
    const EMPTY: Self = Self::new();

    unsafe fn try_add_region(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.try_add_region_of(RegionKind::ANY, start, size) }
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout)
    }

    #[inline]
    unsafe fn try_deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        // SAFETY: as the caller has it.
        let (region, block) = unsafe { self.find(block, layout) }?;
        // SAFETY: the caller parts with it.
        unsafe { region.give(block) };
        Ok(())
    }

    unsafe fn try_resize(&mut self, block: NonNull<u8>, layout: Layout, new: Layout) -> Result<Resize, Misuse> {
        // SAFETY: as the caller has it.
        let (region, block) = unsafe { self.find(block, layout) }?;
        // SAFETY: the caller parts with what is beyond the new size.
        Ok(match unsafe { region.resize(block, size_for(new)) } {
            Resized::Yes => Resize::Done,
            Resized::No => Resize::MustMove,
        })
    }

    fn whole(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.region_of(block.addr().get()).map_or(block, |region| region.pointer_to(block))
    }

    fn stats(&self) -> HeapStats {
        self.stats()
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
