//! The single-owner heap of pages over `linked_list_allocator`.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::counts::Counts;
use super::misuse::{AllegedBlock, holds};
use super::page::{Page, PageList};
use super::region::{PAGE_CLASSES, RegionList, RunLayout, Trim};
use crate::fixed::misuse::{Misuse, Refusal};
use crate::fixed::region_heap::{RegionHeap, Resize, added_or_panic, or_panic};
use crate::{HeapStats, RegionTooSmall, SizeClass};

/// A heap over regions that its user gives it, for one owner at a time.
///
/// It needs nothing but that memory: no operating system, no other allocator, no lock. It describes itself within the
/// regions, so it may be moved at any time, while its blocks stay. Dropping it frees nothing. [The module's
/// documentation](super) tells how it works and what its operations cost; [`LockedHeap`](crate::LockedHeap) shares it
/// among threads, cores and interrupt handlers.
///
/// ```
/// use core::alloc::Layout;
/// use core::mem::MaybeUninit;
/// use mudlark_core_alloc::PagedHeap;
///
/// let mut memory = [MaybeUninit::<u8>::uninit(); 2048];
/// let mut heap = PagedHeap::new();
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
/// - A page of one of the regions is in the list of its class, unless it is full: then it is in none.
/// - At most one page a class is empty.
/// - A live block of a page is one of its class's blocks, and any other live block is a run.
pub struct PagedHeap {
    regions: RegionList,
    /// For each class that pages serve, the pages with a block to be had.
    pages: [PageList; PAGE_CLASSES],
    counts: Counts,
}

// SAFETY: the regions are the heap's alone, by `add_region`'s contract usable from any thread, and what the pointers
// among them lead to is used only by who has the heap.
unsafe impl Send for PagedHeap {}

impl PagedHeap {
    /// A heap without memory, which refuses every request until it is given a region.
    #[must_use]
    pub const fn new() -> Self {
        Self { regions: RegionList::new(), pages: [PageList::new(); PAGE_CLASSES], counts: Counts::new() }
    }

    /// Gives the heap `size` bytes of memory from `start` on.
    ///
    /// Any address and any size will do; a heap may have any number of regions, which need not be neighbours. Requests
    /// are served from the newest region first. A region costs a dozen words for its header, and one bit for each page
    /// that it could hold.
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

    /// A block for `layout`, or `None` when there is none to be had; the heap stays usable then.
    ///
    /// A size of zero is served as one byte is. The block's bytes are uninitialised.
    ///
    /// Constant time when a page of the class has a free block; else it takes a walk over the free runs. A request
    /// that is refused walks them more than once.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        match page_class(layout).and_then(|class| self.take_block(class)) {
            Some(block) => Some(block),
            None => self.allocate_slow(layout),
        }
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
    /// Constant time for a block of a page, unless the page goes back with it; else it takes a walk over the free
    /// runs.
    ///
    /// # Panics
    ///
    /// When `block` lies in none of the regions. With debug assertions also when no block can begin there, when the
    /// blocks of its page do not hold `layout`, when it is a free block of a page, or when it is a run of more bytes than
    /// are in use.
    ///
    /// When a run that is freed overlaps a free one, as one that is freed twice does, the list of free runs panics. The
    /// heap may have lost free memory then.
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it, and is not used again.
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: as the caller has it.
        or_panic(unsafe { self.try_deallocate(block, layout) });
    }

    /// Resizes a block to `new_size`, keeping its alignment and the contents up to the smaller size; `None` when there
    /// is no block of that size to be had, and then the old one is untouched.
    ///
    /// The block stays where it is when its class stays, and when a run shrinks. Any other block moves, for which there
    /// must be room beside it, unless it shrinks: it may stay then.
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

    /// What the heap has, and how much of it is in use. Walks the regions.
    #[must_use]
    pub fn stats(&self) -> HeapStats {
        self.counts.stats(self.regions.iter())
    }

    /// A block for a request that no listed page serves.
    #[cold]
    fn allocate_slow(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.take_from_free_runs(layout)
            .or_else(|| {
                self.return_empty_pages();
                self.take_from_free_runs(layout)
            })
            .or_else(|| self.take_larger_block(layout))
    }

    /// A block of a new page, or else a run.
    fn take_from_free_runs(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        page_class(layout).and_then(|class| self.take_block_of_new_page(class)).or_else(|| self.take_run(layout))
    }

    /// A block of the first page of `class` that has one.
    fn take_block(&mut self, class: SizeClass) -> Option<NonNull<u8>> {
        let list = &mut self.pages[class.index()];
        let page = list.first()?;
        let block = page.take()?;
        if page.is_full() {
            list.remove(page);
        }
        self.counts.block_taken(class.block_size());
        Some(block)
    }

    fn take_block_of_new_page(&mut self, class: SizeClass) -> Option<NonNull<u8>> {
        let (page, overhead) = self
            .regions
            .iter_mut()
            .filter(|region| region.serves(class))
            .find_map(|region| Some((region.take_page(class)?, region.page_overhead(class))))?;
        self.pages[class.index()].push(page);
        self.counts.page_taken(overhead);
        self.take_block(class)
    }

    fn take_run(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let run = RunLayout::of(layout)?;
        let block = self.regions.iter_mut().find_map(|region| region.take_run(run))?;
        self.counts.block_taken(run.size());
        Some(block)
    }

    /// A block of a larger class than the request's own, from a page that there is.
    fn take_larger_block(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let class = page_class(layout)?;
        SizeClass::all()
            .take(PAGE_CLASSES)
            .skip(class.index() + 1)
            .filter(|&larger| holds(larger, layout))
            .find_map(|larger| self.take_block(larger))
    }

    /// Takes a block back into its page, and returns the page if it is empty and its class has another.
    ///
    /// # Safety
    ///
    /// At `address` lies a live block of `page`, which nobody uses any more.
    unsafe fn put_block(&mut self, page: Page, address: usize) {
        let class = page.class();
        let list = &mut self.pages[class.index()];
        if page.is_full() {
            list.push(page);
        }
        // SAFETY: as the caller has it.
        unsafe { page.put(address) };
        self.counts.block_freed(class.block_size());
        if page.is_empty() && !list.is_only(page) {
            list.remove(page);
            self.return_page(page);
        }
    }

    fn return_empty_pages(&mut self) {
        for class in 0..PAGE_CLASSES {
            if let Some(page) = self.pages[class].remove_empty() {
                self.return_page(page);
            }
        }
    }

    /// Returns a page that is empty and in no list.
    fn return_page(&mut self, page: Page) {
        let region = self.regions.find(page.address()).expect("a page lies in a region");
        self.counts.page_returned(region.page_overhead(page.class()));
        // SAFETY: the page is empty and in no list, and `page` is its last handle.
        unsafe { region.return_page(page) };
    }

    /// Makes the block serve `new` where it lies, if that is the best place for it.
    ///
    /// # Safety
    ///
    /// `old` is a live block of this heap; the bytes beyond the new size are not used again.
    unsafe fn resize_in_place(&mut self, old: AllegedBlock, new: Layout) -> Result<Resize, Misuse> {
        let region = old.region(&mut self.regions)?;
        if let Some(page) = region.page_at(old.address()) {
            old.check_in(page)?;
            return Ok(match page_class(new) {
                Some(class) if class == page.class() => Resize::Done,
                _ if holds(page.class(), new) => Resize::MayMove,
                _ => Resize::MustMove,
            });
        }
        let old_run = old.run_in(region)?;
        let Some(new_run) = RunLayout::of(new) else { return Ok(Resize::MustMove) };
        // SAFETY: the bit says that the block is a run, and the caller parts with what is trimmed.
        Ok(match unsafe { region.trim_run(old.address(), old_run, new_run) } {
            Trim::TooShort => Resize::MustMove,
            Trim::Done => {
                self.counts.block_trimmed(old_run.size() - new_run.size());
                Resize::Done
            }
        })
    }
}

// SAFETY: blocks are cut from runs of the regions, which are the heap's alone, by classes and sizes that hold the layouts.
// Only the list of free runs panics, at what nobody can go on from.
unsafe impl RegionHeap for PagedHeap {
    const EMPTY: Self = Self::new();

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout)
    }

    fn whole(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.regions.whole(block).unwrap_or(block)
    }

    fn stats(&self) -> HeapStats {
        self.stats()
    }

    unsafe fn try_add_region(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.regions.add(start, size) }
    }

    unsafe fn try_deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        let alleged = AllegedBlock { block, layout };
        let address = alleged.address();
        let region = alleged.region(&mut self.regions)?;
        if let Some(page) = region.page_at(address) {
            alleged.check_in(page)?;
            // SAFETY: the bit says that the block is this page's, and the caller parts with it.
            unsafe { self.put_block(page, address) };
        } else {
            let run = alleged.run_in(region)?;
            // SAFETY: the bit says that the block is a run, and the caller parts with it.
            unsafe { region.return_run(address, run) };
            self.counts.block_freed(run.size());
        }
        Ok(())
    }

    unsafe fn try_resize(&mut self, block: NonNull<u8>, layout: Layout, new: Layout) -> Result<Resize, Misuse> {
        // SAFETY: as the caller has it.
        unsafe { self.resize_in_place(AllegedBlock { block, layout }, new) }
    }
}

impl Default for PagedHeap {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PagedHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagedHeap").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The class that serves `layout`, when the largest pages do.
#[inline]
fn page_class(layout: Layout) -> Option<SizeClass> {
    SizeClass::of_small(layout).filter(|class| class.index() < PAGE_CLASSES)
}
