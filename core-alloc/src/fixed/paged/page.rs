//! A page: a run cut into blocks of one size class. And the list of a class's pages with a free block.
//!
//! ```text
//!  start                                                                     start + page size
//!    │ header │ too little for a block │ block 6 │ block 5 │ … │ block 1 │ block 0 │
//!                                      carved ─▶ │ live     free ─▶ live    free   │
//! ```
//!
//! Blocks are counted from the end, because the end is aligned to the page size: so each block is aligned to the
//! largest power of two in its size, which is what [`SizeClass`] promises. They are carved one at a time, when no
//! freed block is left; a new page is not written beyond its header.
//!
//! A page is *full* when it has neither a freed block nor one to carve, *empty* when none of its blocks is live, and
//! *used* in between. Full pages are in no list.
//!
//! ```text
//!          first block given out          last free block given out
//!   empty ────────────────────▶ used ────────────────────────────▶ full
//!         ◀────────────────────      ◀────────────────────────────
//!            last block freed                 a block freed
//! ```
//!
//! The states and their names are those of a pool in CPython's `obmalloc.c`.

use core::ptr::NonNull;

use super::region::MAX_PAGE_SIZE;
use crate::SizeClass;

/// A page of a heap, referred to by its header.
///
/// # Invariants
///
/// The header was written by [`Page::create`], and the page has not been returned to its region since. The pointer may
/// be used for the whole page. A page belongs to one heap, which must be borrowed mutably to reach it; so no two
/// references to a header exist at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page(NonNull<Header>);

/// What a page says about itself, in its first bytes.
///
/// Offsets are in bytes from the page's start, where no block can be: zero stands for none.
///
/// # Invariants
///
/// The blocks lie at `carved`, `carved + size` … up to the page's end. `live` of them are in use, the others form a
/// list from `free` on: a free block's first two bytes are the offset of the next.
#[derive(Debug)]
struct Header {
    next: Option<Page>,
    previous: Option<Page>,
    free: u16,
    /// The lowest block given out so far; in a new page, the page's end.
    carved: u16,
    live: u16,
    class: SizeClass,
}

const _: () = assert!(MAX_PAGE_SIZE <= u16::MAX as usize, "an offset fits two bytes");
const _: () = assert!(size_of::<Header>() <= 2 * size_of::<usize>() + 8, "a header costs little of a small page");
const _: () = assert!(SizeClass::MIN_SIZE >= size_of::<u16>(), "a free block holds a link");

impl Page {
    /// Makes an empty page.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `start` on are for this page alone. `size` is a power of two up to [`MAX_PAGE_SIZE`],
    /// `start` is a multiple of it, and a header and a block of `class` fit.
    pub(super) unsafe fn create(start: NonNull<u8>, size: usize, class: SizeClass) -> Self {
        let header = Header { next: None, previous: None, free: 0, carved: to_offset(size), live: 0, class };
        let page = start.cast::<Header>();
        // SAFETY: there is room by the contract, and a page is aligned much further than its header.
        unsafe { page.write(header) };
        // INVARIANT: just written.
        Self(page)
    }

    /// The page that starts here.
    ///
    /// # Safety
    ///
    /// Here starts a page, as [`Page`]'s invariants have it.
    pub(super) const unsafe fn from_start(start: NonNull<u8>) -> Self {
        // INVARIANT: by the contract.
        Self(start.cast())
    }

    /// The address that the page starts at.
    pub(super) fn address(self) -> usize {
        self.0.addr().get()
    }

    pub(super) fn class(self) -> SizeClass {
        self.header().class
    }

    /// Whether no block is live.
    pub(super) fn is_empty(self) -> bool {
        self.header().live == 0
    }

    /// Whether no block is to be had.
    pub(super) fn is_full(self) -> bool {
        let header = self.header();
        header.free == 0 && !header.can_carve()
    }

    /// The bytes of a page of `size` that no block of `class` can be made of.
    pub(super) const fn overhead(size: usize, class: SizeClass) -> usize {
        let block = class.block_size();
        size_of::<Header>() + (size - size_of::<Header>()) % block
    }

    /// Gives out a block: the one freed last, or else a new one; `None` when the page is full.
    pub(super) fn take(mut self) -> Option<NonNull<u8>> {
        let offset = match self.header().free {
            0 => self.carve()?,
            free => {
                self.header_mut().free = self.link_at(free);
                free
            }
        };
        self.header_mut().live += 1;
        Some(self.block_at(offset))
    }

    /// Takes back the block at `address`.
    ///
    /// # Safety
    ///
    /// At `address` lies a live block of this page, which nobody uses any more.
    pub(super) unsafe fn put(mut self, address: usize) {
        let offset = to_offset(address - self.address());
        let link = self.block_at(offset).cast::<u16>();
        // SAFETY: the block is ours again, large enough for a link, and aligned to at least `SizeClass::MIN_SIZE`.
        unsafe { link.write(self.header().free) };
        let header = self.header_mut();
        header.free = offset;
        header.live -= 1;
    }

    /// Whether a block that was given out at some time lies just at `address`.
    pub(super) fn has_block_at(self, address: usize) -> bool {
        let carved = self.address() + usize::from(self.header().carved);
        address >= carved && (address - carved).is_multiple_of(self.class().block_size())
    }

    /// Whether the block at `address` is among the freed ones. Walks their list.
    pub(super) fn is_free(self, address: usize) -> bool {
        let mut free = self.header().free;
        while free != 0 {
            if self.address() + usize::from(free) == address {
                return true;
            }
            free = self.link_at(free);
        }
        false
    }

    /// Makes the block below the lowest one so far.
    fn carve(&mut self) -> Option<u16> {
        let header = self.header_mut();
        if !header.can_carve() {
            return None;
        }
        header.carved -= to_offset(header.class.block_size());
        Some(header.carved)
    }

    /// The link in the free block at `offset`.
    fn link_at(self, offset: u16) -> u16 {
        let link = self.block_at(offset).cast::<u16>();
        // SAFETY: a free block holds the link that `put` wrote, by the header's invariant.
        unsafe { link.read() }
    }

    fn block_at(self, offset: u16) -> NonNull<u8> {
        // SAFETY: an offset lies within the page, for all of which the pointer may be used.
        unsafe { self.0.cast::<u8>().add(usize::from(offset)) }
    }

    fn header(&self) -> &Header {
        // SAFETY: by the type's invariants.
        unsafe { self.0.as_ref() }
    }

    fn header_mut(&mut self) -> &mut Header {
        // SAFETY: by the type's invariants.
        unsafe { self.0.as_mut() }
    }
}

impl Header {
    fn can_carve(&self) -> bool {
        usize::from(self.carved) >= size_of::<Self>() + self.class.block_size()
    }
}

/// The pages of one class that are not full, doubly linked through their headers.
///
/// # Invariants
///
/// All are pages of the list's heap, each in the list once, and each one's `previous` and `next` are its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageList {
    first: Option<Page>,
}

impl PageList {
    pub(super) const fn new() -> Self {
        Self { first: None }
    }

    /// The page that became available last.
    pub(super) const fn first(&self) -> Option<Page> {
        self.first
    }

    /// Puts a page that is in no list at the front.
    pub(super) fn push(&mut self, mut page: Page) {
        if let Some(mut first) = self.first {
            first.header_mut().previous = Some(page);
        }
        // INVARIANT: linked to the old first page, which was just linked back.
        page.header_mut().next = self.first;
        page.header_mut().previous = None;
        self.first = Some(page);
    }

    /// Takes out a page that is in this list.
    pub(super) fn remove(&mut self, page: Page) {
        let Header { next, previous, .. } = *page.header();
        // INVARIANT: the neighbours become each other's.
        match previous {
            Some(mut previous) => previous.header_mut().next = next,
            None => self.first = next,
        }
        if let Some(mut next) = next {
            next.header_mut().previous = previous;
        }
    }

    /// Whether `page` is the only one in the list.
    pub(super) fn is_only(&self, page: Page) -> bool {
        self.first == Some(page) && page.header().next.is_none()
    }

    /// Takes out the empty page, if there is one.
    pub(super) fn remove_empty(&mut self) -> Option<Page> {
        let empty = core::iter::successors(self.first, |page| page.header().next).find(|page| page.is_empty())?;
        self.remove(empty);
        Some(empty)
    }
}

/// A size or offset within a page.
#[expect(clippy::cast_possible_truncation, reason = "at most MAX_PAGE_SIZE, which fits")]
const fn to_offset(bytes: usize) -> u16 {
    bytes as u16
}

#[cfg(test)]
mod tests {
    use core::mem::MaybeUninit;

    use super::*;

    #[repr(C, align(4096))]
    struct Memory(MaybeUninit<[u8; MAX_PAGE_SIZE]>);

    /// Runs `test` on a page of each size and class that a region may have.
    fn with_each_page(test: impl Fn(Page, usize)) {
        for size in (8..=MAX_PAGE_SIZE.ilog2()).map(|log2| 1 << log2) {
            for class in SizeClass::all().take_while(|class| class.block_size() <= size / 8) {
                let mut memory = Memory(MaybeUninit::uninit());
                let start = NonNull::from(&mut memory).cast();
                // SAFETY: the memory is the page's alone, large enough, and aligned to the largest page size.
                test(unsafe { Page::create(start, size, class) }, size);
            }
        }
    }

    #[test]
    fn a_page_gives_all_its_blocks_once_each_aligned_and_within() {
        with_each_page(|page, size| {
            let block_size = page.class().block_size();
            let mut lowest = page.address() + size;
            let mut given = 0;
            while let Some(block) = page.take() {
                let address = block.addr().get();
                assert_eq!(address, lowest - block_size, "blocks are carved downwards, side by side");
                assert_eq!(address % (1 << block_size.trailing_zeros()), 0, "{block_size} B");
                assert!(page.has_block_at(address) && !page.is_empty());
                lowest = address;
                given += 1;
            }
            assert!(page.is_full() && lowest >= page.address() + size_of::<Header>());
            assert_eq!(given * block_size + Page::overhead(size, page.class()), size);
        });
    }

    #[test]
    fn a_page_wastes_no_more_than_an_eighth() {
        with_each_page(|page, size| assert!(Page::overhead(size, page.class()) * 8 <= size));
    }

    #[test]
    fn a_freed_block_is_the_next_one_given() {
        with_each_page(|page, _| {
            let [first, second] = [(); 2].map(|()| page.take().expect("a new page has several blocks"));
            for block in [first, second] {
                assert!(!page.is_free(block.addr().get()));
                // SAFETY: the block is live, and not used any more.
                unsafe { page.put(block.addr().get()) };
                assert!(page.is_free(block.addr().get()));
            }
            assert!(page.is_empty());
            assert_eq!([(); 2].map(|()| page.take()), [Some(second), Some(first)]);
        });
    }

    #[test]
    fn a_list_loses_just_the_page_that_is_removed() {
        let mut memory = [const { Memory(MaybeUninit::uninit()) }; 3];
        let class = SizeClass::from_index(0).expect("the first class");
        let pages = memory.each_mut().map(|memory| {
            // SAFETY: each memory is one page's alone, large enough, and aligned to its size.
            unsafe { Page::create(NonNull::from(memory).cast(), MAX_PAGE_SIZE, class) }
        });
        for removed in 0..3 {
            let mut list = PageList::new();
            pages.iter().for_each(|&page| list.push(page));
            list.remove(pages[removed]);
            for (_, page) in pages.iter().enumerate().rev().filter(|&(index, _)| index != removed) {
                assert_eq!(list.first(), Some(*page));
                list.remove(*page);
            }
            assert_eq!(list.first(), None);
        }
    }
}
