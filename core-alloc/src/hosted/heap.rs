//! The pages that one owner, or a private heap, allocates from.

use super::block::{Batch, Chain, FreeList};
use super::holder::Holder;
use super::janitor;
use super::list::List;
use super::page::{CARVE, PageRef};
use super::region::PAGE_SIZE;
use super::regions;
use crate::SizeClass;

/// The pages of one holder: by class, those that have blocks to give, and the others.
///
/// # Invariants
///
/// Every page of the holder is in one list: in `exhausted` if it is that, and else in the one of its class. The first
/// block that is put back makes an exhausted page available again; an unused one goes back to its region, unless it is
/// the only one in its list.
/// `blocks` and `bytes` count what was taken from the holder's pages and not put back.
pub(crate) struct PageHeap {
    available: [List<PageRef>; SizeClass::COUNT],
    exhausted: List<PageRef>,
    pages: [u32; SizeClass::COUNT],
    blocks: [usize; SizeClass::COUNT],
    bytes: usize,
}

impl PageHeap {
    pub(crate) const fn new() -> Self {
        Self {
            available: [const { List::new() }; SizeClass::COUNT],
            exhausted: List::new(),
            pages: [0; SizeClass::COUNT],
            blocks: [0; SizeClass::COUNT],
            bytes: 0,
        }
    }

    /// The number of pages of `class`.
    pub(crate) fn pages(&self, class: SizeClass) -> usize {
        self.pages[class.index()] as usize
    }

    /// The number of blocks of `class` that are out of this heap's pages.
    pub(crate) fn blocks(&self, class: SizeClass) -> usize {
        self.blocks[class.index()]
    }

    /// The bytes of the blocks of all classes that are out of this heap's pages.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes up to `want` blocks, if need be from a new page for `holder`, whose heap this is; none only if there is no
    /// memory.
    pub(crate) fn take(&mut self, holder: Holder, class: SizeClass, want: usize) -> Batch {
        let pages = &mut self.available[class.index()];
        if pages.first().is_none() {
            let Some(page) = regions::take_page(class, holder) else { return Batch::empty() };
            pages.push(page);
            self.pages[class.index()] += 1;
        }
        self.take_available(class, want)
    }

    /// Takes up to `want` blocks from the pages that there are.
    ///
    /// Blocks that were in use before come first, and fewer than `want` are enough: memory that was never touched is
    /// carved only when there would be none at all, and little of it beside what there is.
    pub(crate) fn take_available(&mut self, class: SizeClass, want: usize) -> Batch {
        let mut taken = self.take_free(class, want);
        if taken.len == 0
            && let Some(page) = self.available[class.index()].first()
        {
            page.carve(carving_step(class, self.pages[class.index()]));
            taken = self.take_free(class, want);
        }
        self.blocks[class.index()] += taken.len;
        self.bytes += taken.len * class.block_size();
        taken
    }

    /// Takes up to `want` blocks from the pages at the front of the list, as far as these have free ones.
    fn take_free(&mut self, class: SizeClass, want: usize) -> Batch {
        let pages = &mut self.available[class.index()];
        let mut taken = Chain::new();
        while taken.len() < want
            && let Some(page) = pages.first()
            && page.take(want - taken.len(), &mut taken) > 0
        {
            if page.is_exhausted() {
                pages.remove(page);
                self.exhausted.push(page);
            }
        }
        taken.into_batch()
    }

    /// Puts the block of `class` at `first`, which nobody uses any more, back into `page`, which is one of this heap's; and
    /// with it all blocks at the front of `others` that are this page's.
    #[inline]
    pub(crate) fn put(&mut self, class: SizeClass, page: PageRef, first: usize, others: &FreeList) {
        if page.is_exhausted() {
            self.make_available(page);
        }
        let count = page.put(class, first, others);
        self.blocks[class.index()] -= count;
        self.bytes -= count * class.block_size();
        if !page.is_worn() {
            note_worn(page);
        }
        if page.is_unused() {
            self.return_unless_only(page);
        }
    }

    /// Makes a page available that has been exhausted. Blocks are about to come back.
    #[cold]
    fn make_available(&mut self, page: PageRef) {
        let available = &mut self.available[page.class().index()];
        let unused = available.first().filter(|only| only.is_unused());
        self.exhausted.remove(page);
        available.push(page);
        if let Some(unused) = unused {
            self.return_page(unused);
        }
    }

    /// Returns a page of which no block is in use, unless it is the only one of its class that has blocks to give.
    #[cold]
    fn return_unless_only(&mut self, page: PageRef) {
        if !self.available[page.class().index()].is_only(page) {
            self.return_page(page);
        }
    }

    /// Gives back the OS pages in `page`, one of this heap's, in which no block is in use, and the whole page if that is
    /// so of all of it.
    pub(crate) fn tidy(&mut self, page: PageRef) {
        if page.is_unused() {
            self.return_page(page);
        } else {
            page.purge();
        }
    }

    /// Returns the pages of which no block is in use.
    pub(crate) fn return_unused_pages(&mut self) {
        SizeClass::all().for_each(|class| self.return_unused_page(class));
    }

    /// Returns all pages, whoever uses their blocks.
    pub(crate) fn return_all_pages(&mut self) {
        for pages in self.available.iter_mut().chain([&mut self.exhausted]) {
            while let Some(page) = pages.first() {
                pages.remove(page);
                regions::return_page(page);
            }
        }
        *self = Self::new();
    }

    /// Returns the page of `class` of which no block is in use, which is then the only one in its list.
    fn return_unused_page(&mut self, class: SizeClass) {
        if let Some(page) = self.available[class.index()].first()
            && page.is_unused()
        {
            self.return_page(page);
        }
    }

    /// Returns a page of which no block is in use to its region.
    fn return_page(&mut self, page: PageRef) {
        let class = page.class().index();
        self.available[class].remove(page);
        self.pages[class] -= 1;
        regions::return_page(page);
    }
}

/// Notes that blocks have come back to a page.
#[cold]
fn note_worn(page: PageRef) {
    page.wear();
    // The janitor has no way into a private heap.
    if page.owner().is_some() {
        janitor::note_worn(page.address_of(0));
    }
}

/// How much a page of a class that has so many is carved at a time: a thirty-second of what there is, so that memory is
/// not touched long before it is of use; and since it is cheaper to have the system make much of it present at once, no
/// less. But large blocks are often used in part, so of these no more than one is carved.
fn carving_step(class: SizeClass, pages: u32) -> usize {
    if class.block_size() > CARVE / 2 {
        return CARVE;
    }
    let share = pages as usize * PAGE_SIZE / 32;
    1 << share.clamp(CARVE, PAGE_SIZE).ilog2()
}
