//! Extents: runs of free pages, each as long as it can be; and lists of them by their length.
//!
//! ```text
//!   bin:    0    1    …   15        16        …   62
//!   pages:  1    2    …   16, 17    18, 19    …   960 to 1023
//!                ╷
//!                └─▶ extent ◀─▶ extent ◀─▶ extent
//! ```
//!
//! Up to sixteen pages each length has a bin, then there are eight bins a doubling. So the first bin that has an extent
//! to offer gives the best fit to within an eighth, however many extents and regions there are. (This is the search of
//! TLSF: Masmano, Ripoll, Crespo, Real, *TLSF: a new dynamic memory allocator for real-time systems*, 2004.)

use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

use super::list::{Linked, Links, List};
use super::region::{PAGES, RegionRef, Span};

/// log2 of the number of bins in each doubling.
const STEPS_LOG2: u32 = 3;
const STEPS: usize = 1 << STEPS_LOG2;
const BINS: usize = bin_of(PAGES - 1) + 1;

const _: () = assert!(BINS <= 64, "a word has a bit for each bin");

/// How many extents of a bin are looked at before the next bin is.
const LOOKS: usize = 4;

/// What a region keeps for each page beside its descriptor.
///
/// # Invariants
///
/// `len` is the number of pages of the extent that begins or ends with this page, and zero if none does. If one begins
/// here, the node is in the list for that length, and otherwise in none. All zero bytes are the node of a page that is in
/// use.
pub(crate) struct Node {
    links: Links<Extent>,
    len: Cell<usize>,
}

/// A handle to an extent: the node of its first page. While extents change, it may be that of any page.
///
/// # Invariants
///
/// The pointer is to a node of a mapped region, and may be used for all of that region.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct Extent(NonNull<Node>);

// SAFETY: a node is only touched under the lock of the regions.
unsafe impl Send for Extent {}

impl Extent {
    fn at(region: RegionRef, page: usize) -> Self {
        // INVARIANT: a region's node, by a pointer made from the region's own.
        Self(region.node(page))
    }

    /// The extent's pages.
    fn span(self) -> Span {
        // SAFETY: by the type's invariant.
        let (region, first) = unsafe { RegionRef::of_node(self.0) };
        Span { region, pages: first..first + self.node().len.get() }
    }

    fn node(&self) -> &Node {
        // SAFETY: by the type's invariant; all bytes that were ever there are a node.
        unsafe { self.0.as_ref() }
    }
}

impl Linked for Extent {
    fn links(&self) -> &Links<Self> {
        &self.node().links
    }
}

/// The extent that begins right behind `span`, whose pages are in use. It has no pages if the next one is in use, too.
pub(crate) fn behind(span: &Span) -> Span {
    let first = span.pages.end;
    let len = Extent::at(span.region, first).node().len.get();
    span.with(first..first + len)
}

/// The pages of `span`, which are in use, with the free ones right below and above them: what is to be an extent.
pub(crate) fn around(span: &Span) -> Span {
    let below = Extent::at(span.region, span.pages.start - 1).node().len.get();
    span.with(span.pages.start - below..behind(span).pages.end)
}

/// All extents, by their length.
///
/// # Invariants
///
/// An extent is in the list of the bin of its length. A bit of `occupied` says that the list has members.
pub(crate) struct Extents {
    bins: [List<Extent>; BINS],
    occupied: u64,
}

impl Extents {
    pub(crate) const fn new() -> Self {
        Self { bins: [const { List::new() }; BINS], occupied: 0 }
    }

    /// Adds an extent, or nothing if it has no pages.
    pub(crate) fn add(&mut self, extent: &Span) {
        if extent.pages.is_empty() {
            return;
        }
        let bin = bin_of(extent.pages.len());
        self.bins[bin].push(Extent::at(extent.region, extent.pages.start));
        self.occupied |= 1 << bin;
        note_len(extent, extent.pages.len());
    }

    /// Takes out an extent, or nothing if it has no pages.
    pub(crate) fn remove(&mut self, extent: &Span) {
        if extent.pages.is_empty() {
            return;
        }
        let bin = bin_of(extent.pages.len());
        self.bins[bin].remove(Extent::at(extent.region, extent.pages.start));
        note_len(extent, 0);
        if self.bins[bin].first().is_none() {
            self.occupied &= !(1 << bin);
        }
    }

    /// One of the shortest extents that have room for `pages` pages at a multiple of `align`, a power of two.
    ///
    /// Takes constant time, except that before it answers `None` it looks at each extent that may be long enough. That
    /// is right after all: the answer leads to a new region, where the next requests find room at once.
    pub(crate) fn best(&self, pages: usize, align: usize) -> Option<Span> {
        let has_room = |extent: &Span| extent.place(pages, align).is_some();
        let shortest = bin_of(pages);
        let short_look = self.occupied_bins(shortest).find_map(|bin| self.spans(bin).take(LOOKS).find(has_room));
        short_look.or_else(|| self.occupied_bins(shortest).find_map(|bin| self.spans(bin).find(has_room)))
    }

    /// The bins from `first` on that have extents.
    fn occupied_bins(&self, first: usize) -> impl Iterator<Item = usize> {
        let mut rest = self.occupied & (u64::MAX << first);
        core::iter::from_fn(move || {
            let bin = (rest != 0).then(|| rest.trailing_zeros() as usize);
            rest &= rest.wrapping_sub(1);
            bin
        })
    }

    fn spans(&self, bin: usize) -> impl Iterator<Item = Span> {
        self.bins[bin].iter().map(Extent::span)
    }
}

/// Writes into the nodes of an extent's first and last page.
fn note_len(extent: &Span, len: usize) {
    for page in [extent.pages.start, extent.pages.end - 1] {
        Extent::at(extent.region, page).node().len.set(len);
    }
}

#[cfg(test)]
impl Extents {
    /// Every extent, by what its own bin says.
    pub(crate) fn all(&self) -> impl Iterator<Item = Span> {
        self.occupied_bins(0)
            .flat_map(|bin| self.spans(bin).inspect(move |span| assert_eq!(bin_of(span.pages.len()), bin)))
    }
}

/// The bin of extents of `len` pages, which is neither zero nor more than a region has.
const fn bin_of(len: usize) -> usize {
    if len < 2 * STEPS {
        return len - 1;
    }
    let doublings = len.ilog2() - STEPS_LOG2;
    doublings as usize * STEPS + (len >> doublings) % STEPS + STEPS - 1
}

impl Span {
    /// The lowest place for `pages` pages in this span, at a multiple of `align`, a power of two.
    pub(crate) fn place(&self, pages: usize, align: usize) -> Option<Range<usize>> {
        // The same as `next_multiple_of`, without its division.
        let first = (self.pages.start + align - 1) & !(align - 1);
        (first + pages <= self.pages.end).then_some(first..first + pages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_in_the_order_of_length_and_an_eighth_wide() {
        let mut least = 1;
        for len in 1..PAGES {
            let bin = bin_of(len);
            if len > 1 && bin != bin_of(len - 1) {
                assert_eq!(bin, bin_of(len - 1) + 1, "{len} pages");
                least = len;
            }
            assert!((len - least) * STEPS <= least, "{least} and {len} pages share a bin");
        }
    }
}
