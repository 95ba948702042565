//! `PrivateHeap`: pages and large blocks of one's own, which go back all at once.
//!
//! ```text
//!   bins   |▒▒▒▒▒  |   ◀── allocate, deallocate: nearly always that is all
//!            ▲   │ a magazine at a time
//!            │   ▼
//!   pages  | page | page | page | …      all in lists, so a drop finds them without a look at a block
//!   large  | run | mapping | …
//! ```
//!
//! That is a thread's cache and its owner in one, less what these need for the sake of other threads: only who has the
//! heap frees its blocks, so there is no lock, no thread-local, and no depot for others to bring blocks to.

mod large_list;
mod stats;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ptr::{self, NonNull};

use self::large_list::LargeList;
pub use self::stats::PrivateHeapStats;
use super::bins::{Bins, magazine};
use super::block::{Batch, FreeBlock, FreeList};
use super::cache::Cache;
use super::fatal::CHECKS;
use super::front;
use super::heap::PageHeap;
use super::holder::{HeapId, Holder};
use super::janitor;
use super::large;
use super::misuse;
use super::page_map;
use super::region::PAGE_SIZE;
use crate::SizeClass;

/// A heap of one's own, which gives back all its memory when it is dropped, whatever is still in use of it.
///
/// It is for data that is built up together and thrown away together: what a request needs, a document, the pass of a
/// compiler. Such data needs no destructors to get its memory back, and what is left of it does not keep the pages of
/// others from being returned. mimalloc calls this a first-class heap, Windows a private one, as here.
///
/// A heap has no memory until it is used. Then it takes pages and large blocks from the same regions as
/// [`Mudlark`](super::Mudlark), which need not be the program's global allocator, and shares them with nobody. A request
/// and a free take constant time, if the bins of the heap have the block or the room; otherwise time for a magazine of
/// blocks. Each size class that is used costs at least a page, of 64 KiB, of which 4 KiB are touched at first. A page
/// without a block in use goes back, but for one a class; inside of pages, nothing does before the heap is dropped. The
/// value itself is large, since it has tables of all classes: one that moves much is better kept in a box.
///
/// ```
/// use core::alloc::Layout;
/// use mudlark_core_alloc::PrivateHeap;
///
/// let heap = PrivateHeap::new();
/// for number in 0..10_000_u64 {
///     let place = heap.allocate(Layout::new::<u64>()).expect("memory").cast::<u64>();
///     // SAFETY: the block is ours, and has the size and alignment.
///     unsafe { place.write(number) };
/// }
/// assert_eq!(heap.stats().blocks, 10_000);
/// drop(heap); // and all blocks with it
/// ```
///
/// With the feature `allocator-api2`, a heap is an `Allocator`, and so is a reference to one: collections can live there, and
/// the borrow sees to it that none outlives the heap.
///
/// # Threads
///
/// A heap may move to another thread, with its blocks, but is used by one at a time. To be shared it needs a lock, as any
/// value does.
///
/// ```compile_fail
/// use core::alloc::Layout;
/// use mudlark_core_alloc::PrivateHeap;
///
/// let heap = PrivateHeap::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| heap.allocate(Layout::new::<u64>())); // error: it cannot be shared between threads
/// });
/// ```
///
/// # Broken contracts
///
/// In debug builds, and with the feature `hardened`, a free or a resize of what is no block of this heap in use, or of
/// another class than its Layout says, ends the process with a message, as far as [the crate's documentation](crate)
/// says it of `Mudlark`. So does a free by `Mudlark` of a block that is this heap's, if it is not so large that it has a
/// mapping of its own.
///
/// # Invariants
///
/// The blocks in `bins` are of pages in `pages`; these and the blocks in `large` are held by the heap that `id` names. As
/// long as there is no `id`, there are none.
pub struct PrivateHeap {
    bins: Bins,
    pages: RefCell<PageHeap>,
    large: RefCell<LargeList>,
    id: Cell<Option<HeapId>>,
}

const _: () = assert!(size_of::<PrivateHeap>() <= 3072, "a heap on the stack is no burden");

impl PrivateHeap {
    /// A heap without memory, which takes some when it is first used.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bins: Bins::new(),
            pages: RefCell::new(PageHeap::new()),
            large: RefCell::new(LargeList::new()),
            id: Cell::new(None),
        }
    }

    /// A block for `layout`, valid until it is freed or the heap is dropped; `None` when there is no memory.
    ///
    /// A size of zero is served as one byte is. The block's bytes are uninitialised.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        match SizeClass::of(layout) {
            Some(class) => self.allocate_small(class),
            None => self.allocate_large(layout, large::allocate),
        }
    }

    /// As [`allocate`](Self::allocate), with all bytes that were asked for zero. A large block that comes fresh from the
    /// system is not written to.
    #[inline]
    pub fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        let Some(class) = SizeClass::of(layout) else {
            return self.allocate_large(layout, large::allocate_zeroed);
        };
        let block = self.allocate_small(class)?;
        // SAFETY: the block has at least that many bytes, and nobody knows it yet.
        unsafe { block.write_bytes(0, layout.size()) };
        Some(block)
    }

    /// Takes a block back.
    ///
    /// Nobody has to free anything before the heap is dropped. What is freed serves later requests of its class.
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it, and is not used again.
    #[inline]
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        let block = page_map::widened(block);
        match SizeClass::of(layout) {
            Some(class) => {
                // SAFETY: the caller's promise is the same.
                unsafe { self.check_in_use(class, block) };
                // SAFETY: the caller had the block, got it for this Layout and so this class, and is done with it.
                let block = unsafe { FreeBlock::from_raw(block) };
                if let Some(block) = self.bins.push(class, block) {
                    self.free_without_room(class, block);
                }
            }
            // SAFETY: the caller's promise is the same.
            None => unsafe { self.free_large(block, layout) },
        }
    }

    /// Resizes a block to `new_size`, keeping its alignment and the contents up to the smaller size; `None` when there is
    /// no memory, or when no Layout has that size, and then the old block is as it was.
    ///
    /// The block stays where it is when its class stays, and when a run of pages can grow or shrink in place; the system
    /// may move a mapping without a copy. What a block gains is uninitialised.
    ///
    /// # Safety
    ///
    /// `block` was allocated from this heap for `layout`, or last resized to it. Unless the answer is `None`, it is not
    /// used again.
    #[inline]
    pub unsafe fn reallocate(&self, block: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        let new_layout = Layout::from_size_align(new_size, layout.align()).ok()?;
        let block = page_map::widened(block);
        let old = SizeClass::of(layout);
        if let Some(class) = old {
            // SAFETY: the caller's promise is the same.
            unsafe { self.check_in_use(class, block) };
        }
        let resized = match (old, SizeClass::of(new_layout)) {
            (Some(old), Some(new)) if old == new => Some(block),
            // SAFETY: the caller's promise is the same.
            (None, None) => unsafe { self.resize_large(block, layout, new_layout) },
            _ => None,
        };
        // SAFETY: the caller's promise is the same.
        resized.or_else(|| unsafe { self.move_to(new_layout, block, layout) })
    }

    /// What the heap has, and has given out. Takes time for each size class and each block with a mapping of its own.
    #[must_use]
    pub fn stats(&self) -> PrivateHeapStats {
        let pages = self.pages.borrow();
        let large = self.large.borrow();
        let (notes, note_bytes) = large.notes();
        let mut stats =
            PrivateHeapStats { large_blocks: large.blocks(), large_bytes: large.bytes(), ..Default::default() };
        for class in SizeClass::all() {
            let blocks = pages.blocks(class) - self.bins.blocks(class);
            stats.page_bytes += pages.pages(class) * PAGE_SIZE;
            stats.blocks += blocks;
            stats.block_bytes += blocks * class.block_size();
        }
        stats.blocks -= notes;
        stats.block_bytes -= note_bytes;
        stats
    }
}

impl PrivateHeap {
    #[inline]
    fn allocate_small(&self, class: SizeClass) -> Option<NonNull<u8>> {
        match self.bins.pop(class) {
            None => self.refill(class),
            block => block,
        }
    }

    /// Loads the empty bin, and takes a block of it.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: SizeClass) -> Option<NonNull<u8>> {
        let blocks = match self.bins.take_spare(class) {
            Some(spare) => spare.into_batch(magazine(class)),
            None => self.take(class),
        };
        if blocks.len > 0 {
            self.bins.load(class, blocks);
        }
        janitor::catch_up();
        self.bins.pop(class)
    }

    /// Takes blocks out of the pages: as many as there are out already, up to a magazine, so that a heap with few blocks is
    /// cheap to make and to throw away.
    fn take(&self, class: SizeClass) -> Batch {
        const AT_LEAST: usize = 8;
        let holder = Holder::PrivateHeap(self.id());
        let mut pages = self.pages.borrow_mut();
        let want = pages.blocks(class).max(AT_LEAST).min(magazine(class));
        pages.take(holder, class, want)
    }

    /// Makes room in the bin, which a free has found without, and puts `block` there.
    #[cold]
    #[inline(never)]
    fn free_without_room(&self, class: SizeClass, block: FreeBlock) {
        if self.bins.is_closed(class) {
            self.bins.open(class);
        } else if self.bins.is_full(class) {
            self.flush(class);
        }
        self.bins.push(class, block);
    }

    /// Makes the full magazine the spare one. If there is one, the blocks that were freed last go home: see
    /// [`Cache`](super::cache::Cache).
    fn flush(&self, class: SizeClass) {
        let full = self.bins.unload(class);
        if let Some(spare) = self.bins.take_spare(class) {
            self.bins.put_spare(class, spare);
            self.send_home(class, &full);
        } else {
            self.bins.put_spare(class, full);
        }
    }

    /// Puts blocks of `class` back into their pages.
    fn send_home(&self, class: SizeClass, blocks: &FreeList) {
        let mut pages = self.pages.borrow_mut();
        while let Some(first) = blocks.take_first() {
            // SAFETY: a block is the reason for its page to be in use, until it has been put back there.
            let page = unsafe { misuse::page_of(first) };
            misuse::check_private(page, self.id.get(), first);
            pages.put(class, page, first, blocks);
        }
        drop(pages);
        janitor::catch_up();
    }

    /// Moves what is in `block` to a new block for `new_layout`, as far as it fits there, and frees `block`. If there is
    /// no memory, `block` is as it was.
    ///
    /// # Safety
    ///
    /// As for [`deallocate`](Self::deallocate).
    unsafe fn move_to(&self, new_layout: Layout, block: NonNull<u8>, layout: Layout) -> Option<NonNull<u8>> {
        let moved = self.allocate(new_layout)?;
        let len = layout.size().min(new_layout.size());
        // SAFETY: both blocks have that many bytes, and they are two.
        unsafe { moved.copy_from_nonoverlapping(block, len) };
        // SAFETY: the caller's promise is the same.
        unsafe { self.deallocate(block, layout) };
        Some(moved)
    }

    /// A build that checks looks whether this is a block of `class` of this heap that is in use.
    ///
    /// # Safety
    ///
    /// `block` is a block of `class`, and the caller's.
    #[inline]
    unsafe fn check_in_use(&self, class: SizeClass, block: NonNull<u8>) {
        if CHECKS {
            let address = block.addr().get();
            // SAFETY: the caller has a block of the page.
            let page = unsafe { misuse::page_of(address) };
            misuse::check_private(page, self.id.get(), address);
            // SAFETY: the caller's promise is the same.
            unsafe { misuse::check_in_use(page, class, block) };
        }
    }

    /// The number under which the heap holds memory, which it gets when it first needs some.
    fn id(&self) -> HeapId {
        self.id.get().unwrap_or_else(|| self.begin())
    }

    #[cold]
    fn begin(&self) -> HeapId {
        // From now on there is a lock to be taken now and then, that of the regions.
        front::with_cache(Cache::arrange_forks);
        let id = HeapId::draw();
        self.id.set(Some(id));
        id
    }
}

/// Gives back every page and every large block. Takes a step for each of these, and none for blocks within pages.
impl Drop for PrivateHeap {
    fn drop(&mut self) {
        // In this order: notes about large blocks lie in the pages.
        self.large.get_mut().free_all();
        self.pages.get_mut().return_all_pages();
        janitor::catch_up();
    }
}

// SAFETY: a block is handed out to one caller until that caller frees it or drops the heap, is as large and aligned as
// `SizeClass::of` and `large` promise for its Layout, and is found again by the same Layout. Nothing here panics: no borrow
// of a `RefCell` lasts while another one begins.
unsafe impl GlobalAlloc for PrivateHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        or_null(self.allocate(layout))
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: a block is never at null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the caller's promise is the same.
        unsafe { self.deallocate(block, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        or_null(self.allocate_zeroed(layout))
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: a block is never at null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the caller's promise is the same.
        or_null(unsafe { self.reallocate(block, layout, new_size) })
    }
}

fn or_null(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(ptr::null_mut(), NonNull::as_ptr)
}

impl Default for PrivateHeap {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PrivateHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateHeap").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
