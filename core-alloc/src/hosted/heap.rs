//! The pages that one owner, or a private heap, allocates from.

use super::block::{Batch, Chain, FreeList};
use super::block_map::AlreadyFree;
use super::fatal::already_free;
use super::holder::Holder;
use super::list::List;
use super::page::PageRef;
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
    blocks: usize,
    bytes: usize,
}

impl PageHeap {
    pub(crate) const fn new() -> Self {
        Self { available: [const { List::new() }; SizeClass::COUNT], exhausted: List::new(), blocks: 0, bytes: 0 }
    }

    /// The number of blocks that are out of this heap's pages.
    pub(crate) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The bytes of these blocks.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes of this heap's pages. Takes time for each of them.
    pub(crate) fn page_bytes(&self) -> usize {
        let lists = self.available.iter().chain([&self.exhausted]);
        lists.map(|pages| pages.iter().count() * PAGE_SIZE).sum()
    }

    /// Takes up to `want` blocks, if need be from a new page for `holder`, whose heap this is; none only if there is no
    /// memory.
    pub(crate) fn take(&mut self, holder: Holder, class: SizeClass, want: usize) -> Batch {
        let pages = &mut self.available[class.index()];
        if pages.first().is_none() {
            let Some(page) = regions::take_page(class, holder) else { return Batch::empty() };
            pages.push(page);
        }
        self.take_available(class, want)
    }

    /// Takes up to `want` blocks from the pages that there are.
    ///
    /// Blocks that were in use before come first, and fewer than `want` are enough: memory that was never touched is
    /// carved only when there would be none at all, one OS page at a time.
    pub(crate) fn take_available(&mut self, class: SizeClass, want: usize) -> Batch {
        let mut taken = self.take_free(class, want);
        if taken.len == 0
            && let Some(page) = self.available[class.index()].first()
        {
            page.carve();
            taken = self.take_free(class, want);
        }
        self.blocks += taken.len;
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

    /// Puts the first of `blocks` back into `page`, which is one of this heap's, and all that follow and belong there.
    pub(crate) fn put(&mut self, page: PageRef, blocks: &FreeList) {
        let was_exhausted = page.is_exhausted();
        let count = page.put(blocks).unwrap_or_else(|AlreadyFree(block)| already_free(page.address_of(block)));
        let class = page.class();
        self.blocks -= count;
        self.bytes -= count * class.block_size();
        if was_exhausted {
            self.exhausted.remove(page);
            self.available[class.index()].push(page);
        }
        if page.is_unused() && !self.available[class.index()].is_only(page) {
            self.available[class.index()].remove(page);
            regions::return_page(page);
        }
    }

    /// Returns the pages of which no block is in use.
    pub(crate) fn return_unused_pages(&mut self) {
        for pages in &mut self.available {
            // Any other unused page was returned when its last block was put back.
            if let Some(page) = pages.first()
                && page.is_unused()
            {
                pages.remove(page);
                regions::return_page(page);
            }
        }
    }

    /// Returns all pages, whoever uses their blocks.
    pub(crate) fn return_all_pages(&mut self) {
        for pages in self.available.iter_mut().chain([&mut self.exhausted]) {
            while let Some(page) = pages.first() {
                pages.remove(page);
                regions::return_page(page);
            }
        }
        self.blocks = 0;
        self.bytes = 0;
    }
}
