//! The state of every page that is cut into blocks, one page after the other.

use super::janitor;
use super::owner;
use super::region::RegionRef;
use super::regions::pass as regions;
use crate::SizeClass;

/// A page that is cut into blocks: 64 KiB of a region.
///
/// See [`Mudlark::visit_pages`](super::Mudlark::visit_pages).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageStats {
    /// Where it begins.
    pub address: usize,
    /// Its length, in bytes.
    pub size: usize,
    /// The class of its blocks.
    pub class: SizeClass,
    /// Blocks that are out of it: in use, or in the caches of threads.
    pub out: usize,
    /// As many blocks as it has room for.
    pub capacity: usize,
}

/// Calls `visit` for each page that is cut into blocks, but for those of private heaps. No lock is held meanwhile.
pub(crate) fn visit(mut visit: impl FnMut(&PageStats)) {
    let mut from = Some(0);
    while let Some(address) = from {
        let batch = janitor::in_a_pass(|| Batch::read(address));
        batch.pages.iter().flatten().for_each(&mut visit);
        from = batch.next;
    }
}

/// Some pages, in the order of their addresses, and where to go on.
struct Batch {
    pages: [Option<PageStats>; Self::LEN],
    next: Option<usize>,
}

impl Batch {
    const LEN: usize = 64;

    /// The pages from an address on, which is a region's or the beginning of memory. Called in a pass: no region goes
    /// away meanwhile.
    fn read(from: usize) -> Self {
        let mut batch = Self { pages: [None; Self::LEN], next: None };
        let ends_behind = |region: &RegionRef| region.start().addr().get() + region.size() > from;
        let nearest = regions::all().filter(ends_behind).min_by_key(|region| region.start().addr());
        if let Some(region) = nearest {
            batch.next = Some(batch.fill(region, from));
        }
        batch
    }

    /// Reads the pages of a region from an address on. Returns how far it came.
    fn fill(&mut self, region: RegionRef, from: usize) -> usize {
        let start = region.start().addr().get();
        let pages = region.all_pages().pages;
        let first = if from > start { region.index_of(from).max(pages.start) } else { pages.start };
        let mut room = self.pages.iter_mut();
        for index in first..pages.end {
            if let Some(stats) = owner::look(region.page(index)) {
                let Some(place) = room.next() else { return stats.address };
                *place = Some(stats);
            }
        }
        start + region.size()
    }
}
