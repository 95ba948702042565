//! A region: a run of memory from the source, aligned to its size, divided into pages.
//!
//! ```text
//!   4 MiB = 64 pages of 64 KiB
//!   | header, page descriptors | page 1 | page 2 | … | page 63 |
//!     page 0
//! ```

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

use super::list::{Linked, Links};
use super::page::{Page, PageRef};

/// The size of a page, in bytes.
pub(crate) const PAGE_SIZE: usize = 64 * 1024;
/// The number of pages in a region: a bit each in a word.
const PAGES: usize = 64;
/// The size of a region, and its alignment, in bytes.
pub(crate) const REGION_SIZE: usize = PAGES * PAGE_SIZE;
/// All pages but the one that holds the descriptors.
const USABLE: u64 = !1;

/// What lies at a region's start.
#[repr(C)]
struct Region {
    header: Header,
    pages: [Page; PAGES],
}

const _: () = assert!(size_of::<Region>() <= PAGE_SIZE, "page 0 holds all descriptors");

/// Which pages of a region are free.
///
/// # Invariants
///
/// All is only touched under the lock of the regions. A bit of `fresh` says that the page has never been used, so it is
/// zero; `fresh` is part of `free`.
pub(crate) struct Header {
    free: Cell<u64>,
    fresh: Cell<u64>,
    links: Links<RegionRef>,
}

/// A handle to a region.
///
/// # Invariants
///
/// The pointer is to a mapped region and may be used for all of it. Of page 0 it has a header, and descriptors that are
/// zero or were opened.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct RegionRef(NonNull<Region>);

// SAFETY: the header is shared under the lock of the regions, a page's descriptor as `Page` says.
unsafe impl Send for RegionRef {}

impl RegionRef {
    /// Makes zeroed memory a region with all pages free.
    ///
    /// # Safety
    ///
    /// `start` is the start of [`REGION_SIZE`] bytes of zeroed memory, aligned to that, which become the region's.
    pub(crate) unsafe fn create(start: NonNull<u8>) -> Self {
        let region = start.cast::<Region>();
        let header = Header { free: Cell::new(USABLE), fresh: Cell::new(USABLE), links: Links::new() };
        // SAFETY: the header is the first field, and its place ours to write.
        unsafe { region.cast().write(header) };
        // INVARIANT: the header is written, the descriptors are zero.
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

    /// The start of the page with the given index, which is below [`PAGES`].
    pub(crate) const fn page_start(self, index: usize) -> NonNull<u8> {
        // SAFETY: the page is in the region; the remainder makes that so for any index.
        unsafe { self.start().byte_add(index % PAGES * PAGE_SIZE) }
    }

    /// The descriptor of the page with the given index, which is below [`PAGES`].
    pub(crate) fn page(self, index: usize) -> PageRef {
        // SAFETY: the field is in the region.
        let pages = unsafe { self.0.byte_add(core::mem::offset_of!(Region, pages)) };
        // SAFETY: there are that many descriptors; the remainder makes that so for any index.
        let page = unsafe { pages.cast::<Page>().add(index % PAGES) };
        // SAFETY: by the type's invariant, it is a descriptor in a mapped region.
        unsafe { PageRef::new(page) }
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

/// Whether memory is as it came from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It is zero.
    Yes,
    /// It may hold anything.
    No,
}

impl Header {
    pub(crate) fn is_full(&self) -> bool {
        self.free.get() == 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.get() == USABLE
    }

    /// The run of free pages that fits best; see [`best_fit`].
    pub(crate) fn fit(&self, pages: usize, align: usize) -> Option<Fit> {
        best_fit(self.free.get(), pages, align)
    }

    /// Whether the pages are all free.
    pub(crate) fn are_free(&self, first: usize, pages: usize) -> bool {
        run(first, pages).is_some_and(|run| self.free.get() & run == run)
    }

    /// Whether the pages are all in use.
    pub(crate) fn are_used(&self, first: usize, pages: usize) -> bool {
        run(first, pages).is_some_and(|run| (self.free.get() | !USABLE) & run == 0)
    }

    /// Takes pages, which are free.
    pub(crate) fn take(&self, first: usize, pages: usize) -> Fresh {
        let run = run(first, pages).unwrap_or(0);
        let fresh = if self.fresh.get() & run == run { Fresh::Yes } else { Fresh::No };
        self.free.update(|free| free & !run);
        self.fresh.update(|fresh| fresh & !run);
        fresh
    }

    /// Puts back pages, which are in use.
    pub(crate) fn put(&self, first: usize, pages: usize) {
        self.free.update(|free| free | run(first, pages).unwrap_or(0));
    }
}

/// The bits of `pages` pages from `first` on, or `None` when they do not all exist.
fn run(first: usize, pages: usize) -> Option<u64> {
    if pages == 0 || first.checked_add(pages)? > PAGES {
        return None;
    }
    Some((u64::MAX >> (PAGES - pages)) << first)
}

/// A place for a run of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The index of the run's first page.
    pub(crate) first: usize,
    /// The number of pages that the extent of free pages has beyond the run.
    pub(crate) slack: usize,
}

/// The lowest place for `pages` pages in the smallest extent of `free` that has one; the first page's index is a
/// multiple of `align`.
fn best_fit(free: u64, pages: usize, align: usize) -> Option<Fit> {
    let mut best: Option<Fit> = None;
    let mut rest = free;
    while rest != 0 {
        let begin = rest.trailing_zeros();
        let len = (rest >> begin).trailing_ones();
        let (begin, len) = (begin as usize, len as usize);
        let first = begin.next_multiple_of(align);
        if first + pages <= begin + len && best.is_none_or(|best| len - pages < best.slack) {
            best = Some(Fit { first, slack: len - pages });
        }
        rest &= !run(begin, len).unwrap_or(u64::MAX);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by trying every place.
    fn best_fit_by_search(free: u64, pages: usize, align: usize) -> Option<Fit> {
        let is_free = |index: usize| index < PAGES && free >> index & 1 == 1;
        let extent = |place: usize| {
            let below = (0..place).rev().take_while(|&index| is_free(index)).count();
            let above = (place..PAGES).take_while(|&index| is_free(index)).count();
            below + above
        };
        let places = (0..PAGES).step_by(align).filter(|&place| (place..place + pages).all(is_free));
        let fits = places.map(|first| Fit { first, slack: extent(first) - pages });
        fits.min_by_key(|fit| (fit.slack, fit.first))
    }

    #[test]
    fn the_best_fit_is_the_one_a_search_finds() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            state ^ state >> 29
        };
        for _ in 0..if cfg!(miri) { 1 } else { 200 } {
            // Sparse, even and dense maps.
            for free in [random() & random(), random(), random() | random() | random(), u64::MAX, USABLE] {
                let runs = [(1, 1), (2, 1), (3, 1), (5, 2), (16, 16), (20, 4), (63, 1), (64, 1)];
                for (pages, align) in runs.into_iter().step_by(if cfg!(miri) { 3 } else { 1 }) {
                    let expected = best_fit_by_search(free, pages, align);
                    assert_eq!(best_fit(free, pages, align), expected, "{pages} pages of {free:#x}");
                }
            }
        }
    }
}
