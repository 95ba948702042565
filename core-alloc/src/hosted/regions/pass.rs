//! What a pass of the janitor does to the regions. It is all called only in a pass, of which there is one at a time.

use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;

use super::{AWAY, Fit, Regions, lock};
use crate::hosted::region::{RegionRef, Span, UNIT};
use crate::hosted::source::{self, Fresh};

/// The number of pages that were given back and not forgotten.
pub(crate) fn freed() -> usize {
    lock().freed
}

/// The number of pages that a pass would find to do something about, at most.
pub(crate) fn work() -> usize {
    lock().work()
}

/// The number of dirty pages.
pub(crate) fn dirty_pages() -> usize {
    lock().accounts.dirty_pages()
}

/// A pass has dealt with so many pages that were given back.
pub(crate) fn forget_freed(pages: usize) {
    let mut regions = lock();
    regions.freed -= pages;
    regions.accounts.end_tolerance();
}

/// Whether a surplus of dirty pages may stay, since the process has never had so much memory. It is asked again when there
/// is more, and after the next pass.
pub(crate) fn may_keep_surplus() -> bool {
    source::peak_resident().is_some_and(|peak| lock().accounts.tolerate_surplus(peak))
}

/// All regions, but for those made meanwhile. One that this has returned may be released.
pub(crate) fn all() -> impl Iterator<Item = RegionRef> {
    let mut next = lock().newest;
    core::iter::from_fn(move || {
        let region = next?;
        next = region.older.get();
        Some(region)
    })
}

/// Takes the lowest run of stale pages, up to `most`, to be purged.
pub(crate) fn take_stale(region: RegionRef, most: usize) -> Option<Span> {
    let mut regions = lock();
    let run = region.stale_run()?;
    let pages = run.start..run.end.min(run.start + most);
    Some(regions.take_away(region, pages))
}

/// Takes the highest run of dirty pages of some region, up to `most`, to be purged: the program takes the lowest first.
pub(crate) fn take_dirty(most: usize) -> Option<Span> {
    let mut regions = lock();
    let region = regions.dirty.first()?;
    let run = region.last_dirty_run()?;
    let pages = run.start.max(run.end.saturating_sub(most))..run.end;
    Some(regions.take_away(region, pages))
}

/// Puts back what [`take_stale`] or [`take_dirty`] took.
pub(crate) fn put_purged(span: &Span, fresh: Fresh) {
    let mut regions = lock();
    // A forked child may have forgotten them.
    AWAY.store(AWAY.load(Relaxed).saturating_sub(span.pages.len()), Relaxed);
    regions.put(span, fresh);
}

/// In a forked child, the pages are lost that a pass of another thread's had taken.
pub(crate) fn forget_away() {
    AWAY.store(0, Relaxed);
}

/// Has what is dirty now be stale from now on, and returns how many pages that are.
pub(crate) fn make_stale(region: RegionRef) -> usize {
    let _lock = lock();
    region.make_stale();
    region.dirty_pages()
}

/// Whether the program has not used the region since this was last asked.
pub(crate) fn has_rested(region: RegionRef) -> bool {
    let _lock = lock();
    region.has_rested()
}

/// Gives the region back to the source if no page of it is in use and more than `kept` regions are like that.
pub(crate) fn release_if_empty(region: RegionRef, kept: usize) -> bool {
    let mut regions = lock();
    if !region.is_empty() || regions.empty <= kept {
        return false;
    }
    regions.forget(region);
    // From here on nobody can come to know of the region, so unmapping it need not hold up the others.
    drop(regions);
    // SAFETY: as acquired by `acquire_region`; all its pages are free, and nothing leads there any more.
    unsafe { source::release(region.start(), region.size(), UNIT) };
    true
}

impl Regions {
    /// Takes free pages for a moment.
    fn take_away(&mut self, region: RegionRef, pages: Range<usize>) -> Span {
        AWAY.store(AWAY.load(Relaxed) + pages.len(), Relaxed);
        self.take(&Fit { extent: region.extent_of(pages.start), pages: pages.clone() });
        Span { region, pages }
    }
}
