//! A region: a run of memory from the source, divided into pages.
//!
//! ```text
//!   64 MiB = 1024 pages of 64 KiB
//!   | header | nodes | page descriptors | long words | page | page | … | page 1023 |
//!     the first pages
//! ```
//!
//! It is address space at first: pages that were never used cost no memory, and neither do their descriptors. The
//! long words of block maps are handed out from the lowest on, to those pages that need some, so that they lie close
//! together. Where so
//! much address space is not to be had, a region is smaller, down to 4 MiB; and where the source spends memory on
//! everything that it hands out, all regions are that small.

use core::cell::Cell;
use core::mem::offset_of;
use core::ops::{Deref, Range};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::block_map::LongWords;
use super::extents::Node;
use super::list::{Linked, Links};
use super::page::{Page, PageRef};
use super::page_set::{PageSet, for_words};
use super::source::{self, Fresh};

/// The size of a page, in bytes.
pub(crate) const PAGE_SIZE: usize = 64 * 1024;
/// A region's size is a multiple of this, in bytes, and its start is aligned to it.
pub(crate) const UNIT: usize = 4 * 1024 * 1024;
/// The size of the largest region, in units.
pub(crate) const MOST_UNITS: usize = if source::UNTOUCHED_IS_FREE && usize::BITS >= 64 { 16 } else { 1 };
/// The number of pages in the largest region.
pub(crate) const PAGES: usize = MOST_UNITS * PAGES_A_UNIT;
/// The longest run that anyone gets, in pages.
pub(crate) const MOST_RUN: usize = PAGES / 2;
const PAGES_A_UNIT: usize = UNIT / PAGE_SIZE;
/// The first page that is not taken by what the region keeps for itself.
const FIRST: usize = size_of::<Region>().div_ceil(PAGE_SIZE);

/// What lies at a region's start.
#[repr(C)]
struct Region {
    header: Header,
    nodes: [Node; PAGES],
    pages: [Page; PAGES],
    long_words: [LongWords; PAGES],
}

const _: () = {
    assert!(2 * size_of::<Region>() <= UNIT, "most of the smallest region is for pages");
    assert!(size_of::<Page>() + size_of::<Node>() <= 152, "as the page on growth says");
    assert!(size_of::<LongWords>() <= 512, "as the page on growth says");
    assert!(size_of::<Header>() <= 1024, "as the page on growth says");
};

/// Which pages of a region are free, and what is known about these.
///
/// # Invariants
///
/// All is only touched under the lock of the regions, but for `size` and `worn`, and `older`, which
/// [`Regions`](super::regions) tells about. `dirty` is a part of `free`, and `stale` of `dirty`. A free page that is
/// not dirty is zero. `dirty_pages` and `used_pages` are the numbers of pages that are dirty and that are not free;
/// what the region keeps for itself counts as neither. `spare_words` are the long words that no page has:
/// these are zero.
pub(crate) struct Header {
    size: usize,
    /// The next in the list of all regions.
    pub(crate) older: Cell<Option<RegionRef>>,
    links: Links<RegionRef>,
    free: PageSet,
    dirty: PageSet,
    /// Those that were dirty already when the last pass of the janitor was here.
    stale: PageSet,
    dirty_pages: Cell<usize>,
    used_pages: Cell<usize>,
    /// Whether the program has taken or given back pages since the last pass was here.
    used_lately: Cell<bool>,
    spare_words: PageSet,
    worn: [AtomicUsize; PAGES / WORN_BITS],
}

const WORN_BITS: usize = usize::BITS as usize;

/// A handle to a region.
///
/// # Invariants
///
/// The pointer is to a mapped region and may be used for all of it. Its first pages have a header, nodes and descriptors
/// that are zero or were written as such.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub(crate) struct RegionRef(NonNull<Region>);

// SAFETY: the header and the nodes are shared under the lock of the regions, a page's descriptor as `Page` says.
unsafe impl Send for RegionRef {}

/// Pages of a region, in a row. They may be none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) region: RegionRef,
    pub(crate) pages: Range<usize>,
}

impl Span {
    /// The first byte, by a pointer that may be used for the whole region.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.region.page_start(self.pages.start)
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.pages.len() * PAGE_SIZE
    }

    /// Another part of the same region.
    pub(crate) const fn with(&self, pages: Range<usize>) -> Self {
        Self { region: self.region, pages }
    }
}

impl RegionRef {
    /// The size of the smallest region with room for `pages` pages at a multiple of `align`, in units: a power of two.
    pub(crate) const fn units_for(pages: usize, align: usize) -> usize {
        (FIRST.next_multiple_of(align) + pages).div_ceil(PAGES_A_UNIT).next_power_of_two()
    }

    /// Makes zeroed memory a region with all pages free.
    ///
    /// # Safety
    ///
    /// `start` is the start of so many units of zeroed memory, a power of two up to [`MOST_UNITS`], aligned to [`UNIT`],
    /// which become the region's.
    pub(crate) unsafe fn create(start: NonNull<u8>, units: usize) -> Self {
        let region = start.cast::<Region>();
        // SAFETY: the header is the first field, and its place ours to write.
        unsafe { region.cast().write(Header::new(units * UNIT)) };
        // INVARIANT: the header is written; the nodes and descriptors are zero.
        Self(region)
    }

    /// The region that begins at `start`.
    ///
    /// # Safety
    ///
    /// `start` came from [`Self::start`], and the region has not been released since.
    pub(crate) const unsafe fn from_start(start: NonNull<u8>) -> Self {
        // INVARIANT: by the caller's promise.
        Self(start.cast())
    }

    /// The region's first byte, by a pointer that may be used for all of it.
    pub(crate) const fn start(self) -> NonNull<u8> {
        self.0.cast()
    }

    /// The index of the page that holds `address`, which is in this region.
    pub(crate) fn index_of(self, address: usize) -> usize {
        (address - self.0.addr().get()) / PAGE_SIZE
    }

    /// The start of the page with the given index, which is a page of this region.
    fn page_start(self, index: usize) -> NonNull<u8> {
        // The size is a power of two: the mask changes nothing. It keeps the place in the region for any index.
        let offset = (index * PAGE_SIZE) & (self.size - 1);
        // SAFETY: the offset is below the region's size.
        unsafe { self.start().byte_add(offset) }
    }

    /// The descriptor of the page with the given index, which is below [`PAGES`].
    pub(crate) fn page(self, index: usize) -> PageRef {
        // SAFETY: the field is in the region.
        let pages = unsafe { self.0.byte_add(offset_of!(Region, pages)) };
        // SAFETY: there are that many descriptors; the remainder makes that so for any index.
        let page = unsafe { pages.cast::<Page>().add(index % PAGES) };
        // SAFETY: by the type's invariant, it is a descriptor in a mapped region.
        unsafe { PageRef::new(page) }
    }

    /// Takes the first of the long words that no page has. There is one for every page.
    pub(crate) fn take_long_words(self) -> Option<NonNull<LongWords>> {
        let index = self.spare_words.first_from(0)?;
        self.spare_words.remove(index);
        // SAFETY: there are that many, and it lies in the region.
        Some(unsafe { self.long_words().add(index) })
    }

    /// Takes back what [`take_long_words`](Self::take_long_words) has handed out. They are zero.
    pub(crate) fn put_long_words(self, words: NonNull<LongWords>) {
        let offset = words.addr().get() - self.long_words().addr().get();
        let index = offset / size_of::<LongWords>();
        self.spare_words.insert(index..index + 1);
    }

    fn long_words(self) -> NonNull<LongWords> {
        // SAFETY: the field is in the region.
        unsafe { self.0.byte_add(offset_of!(Region, long_words)) }.cast()
    }

    /// The node of the page with the given index, which is below [`PAGES`], by a pointer that may be used for the whole
    /// region.
    pub(crate) fn node(self, index: usize) -> NonNull<Node> {
        // SAFETY: the field is in the region.
        let nodes = unsafe { self.0.byte_add(offset_of!(Region, nodes)) };
        // SAFETY: there are that many nodes; the remainder makes that so for any index.
        unsafe { nodes.cast::<Node>().add(index % PAGES) }
    }

    /// The region that a node belongs to, and the index of its page.
    ///
    /// # Safety
    ///
    /// `node` came from [`Self::node`], and the region has not been released since.
    pub(crate) unsafe fn of_node(node: NonNull<Node>) -> (Self, usize) {
        // A region's nodes lie in its first unit, to which it is aligned.
        let offset = node.addr().get() % UNIT;
        // SAFETY: the region begins that many bytes below.
        let start = unsafe { node.byte_sub(offset) };
        let index = (offset - offset_of!(Region, nodes)) / size_of::<Node>();
        // INVARIANT: by the caller's promise, and the pointer reaches all of the region.
        (Self(start.cast()), index)
    }

    /// All pages but those that the region keeps for itself.
    pub(crate) fn all_pages(self) -> Span {
        Span { region: self, pages: FIRST..self.size / PAGE_SIZE }
    }

    /// The extent that holds the page with the given index, which is free.
    pub(crate) fn extent_of(self, page: usize) -> Span {
        Span { region: self, pages: self.free.run_start(page)..self.free.run_end(page) }
    }

    /// A free page to be cut into blocks: the lowest dirty one, or else the lowest. But an extent right behind a large
    /// block comes last, since the block may have use for it when it grows, and then it is the extent's last page. Looks
    /// only so far for a better one.
    pub(crate) fn page_for_blocks(self) -> Option<Span> {
        const LOOKS: usize = 16;
        let mut dirty = self.dirty.runs(0..PAGES).map(|run| run.start).take(LOOKS);
        let mut free = self.free.runs(0..PAGES).map(|run| run.start).take(LOOKS);
        let page = dirty
            .find(|&page| !self.is_behind_large_block(self.free.run_start(page)))
            .or_else(|| free.find(|&page| !self.is_behind_large_block(page)))
            .or_else(|| Some(self.free.runs(0..PAGES).next()?.end - 1))?;
        Some(Span { region: self, pages: page..page + 1 })
    }

    /// Whether the page below the given one, of which that is not free, is part of a large block.
    fn is_behind_large_block(self, index: usize) -> bool {
        index > FIRST && !self.page(index - 1).is_cut()
    }
}

impl Deref for RegionRef {
    type Target = Header;

    fn deref(&self) -> &Header {
        // SAFETY: by the type's invariant, and the header is the first field.
        unsafe { self.0.cast().as_ref() }
    }
}

impl Linked for RegionRef {
    fn links(&self) -> &Links<Self> {
        &self.deref().links
    }
}

impl Header {
    fn new(size: usize) -> Self {
        let free = PageSet::new();
        free.insert(FIRST..size / PAGE_SIZE);
        let spare_words = PageSet::new();
        spare_words.insert(0..PAGES);
        Self {
            size,
            older: Cell::new(None),
            links: Links::new(),
            free,
            dirty: PageSet::new(),
            stale: PageSet::new(),
            dirty_pages: Cell::new(0),
            used_pages: Cell::new(0),
            used_lately: Cell::new(true),
            spare_words,
            worn: [const { AtomicUsize::new(0) }; PAGES / WORN_BITS],
        }
    }

    /// The size in bytes.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// Whether all pages are free.
    pub(crate) fn is_empty(&self) -> bool {
        self.used_pages.get() == 0
    }

    pub(crate) fn dirty_pages(&self) -> usize {
        self.dirty_pages.get()
    }

    /// Whether the pages are all in use.
    pub(crate) fn are_used(&self, pages: Range<usize>) -> bool {
        pages.start >= FIRST && pages.end <= self.size / PAGE_SIZE && self.free.is_disjoint(pages)
    }

    /// The dirty ones of the pages in a part of the region.
    pub(crate) fn dirty_within(&self, pages: Range<usize>) -> PageSet {
        self.dirty.within(pages)
    }

    /// Where in `extent`, which is one, a run of pages is best put: at the lowest place, if that is dirty to all
    /// appearances, or else at the lowest that surely is.
    pub(crate) fn dirty_place(&self, extent: &Span, pages: usize, align: usize) -> Option<Range<usize>> {
        let lowest = extent.place(pages, align)?;
        let seems_dirty = self.dirty.contains(lowest.start) && self.dirty.contains(lowest.end - 1);
        if seems_dirty || self.dirty_pages() < pages {
            return Some(lowest);
        }
        let runs = self.dirty.runs(extent.pages.clone());
        runs.map(|run| extent.with(run)).find_map(|run| run.place(pages, align)).or(Some(lowest))
    }

    /// Takes pages, which are free.
    pub(crate) fn take(&self, pages: Range<usize>) {
        let mut dirty = 0;
        for_words(pages.clone(), |index, mask| {
            self.free.remove_in(index, mask);
            self.stale.remove_in(index, mask);
            dirty += self.dirty.remove_in(index, mask);
        });
        self.dirty_pages.update(|all| all - dirty);
        self.used_pages.update(|all| all + pages.len());
    }

    /// Puts back pages, which are in use.
    pub(crate) fn put(&self, pages: Range<usize>, fresh: Fresh) {
        let dirty = fresh == Fresh::No;
        for_words(pages.clone(), |index, mask| {
            self.free.insert_in(index, mask);
            self.dirty.insert_in(index, if dirty { mask } else { 0 });
        });
        self.dirty_pages.update(|all| all + if dirty { pages.len() } else { 0 });
        self.used_pages.update(|all| all - pages.len());
    }

    /// The lowest run of stale pages.
    pub(crate) fn stale_run(&self) -> Option<Range<usize>> {
        self.stale.runs(0..PAGES).next()
    }

    /// The highest run of dirty pages.
    pub(crate) fn last_dirty_run(&self) -> Option<Range<usize>> {
        self.dirty.last_run()
    }

    /// What is dirty now is stale from now on.
    pub(crate) fn make_stale(&self) {
        self.stale.copy_from(&self.dirty);
    }

    /// The program takes or gives back pages.
    pub(crate) fn note_use(&self) {
        self.used_lately.set(true);
    }

    /// Whether the program has not used the region since the last call.
    pub(crate) fn has_rested(&self) -> bool {
        !self.used_lately.replace(false)
    }

    /// Has the next pass look at a page, which is in use: some of its OS pages may be without a block in use. Any thread
    /// may call this, with whatever lock it has.
    pub(crate) fn mark_worn(&self, index: usize) {
        // Relaxed: a hint; who takes it locks the page's owner before the page is looked at.
        self.worn[index / WORN_BITS].fetch_or(1 << (index % WORN_BITS), Ordering::Relaxed);
    }

    /// Takes the marks of [`mark_worn`](Self::mark_worn), and returns the indices of the pages that had one.
    pub(crate) fn take_worn(&self) -> impl Iterator<Item = usize> {
        self.worn.iter().enumerate().flat_map(|(index, word)| {
            // Relaxed: as above. The load spares the words without marks a write.
            let bits = if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::Relaxed) };
            (0..WORN_BITS).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| index * WORN_BITS + bit)
        })
    }
}
