//! All regions: where heaps get their pages and large blocks their runs of pages.
//!
//! Regions are made as they are needed. Of those that have become empty one is kept for the next need; the others go
//! back to the source.

use core::ptr::NonNull;

use super::block;
use super::fatal::{CHECKS, fatal};
use super::holder::Holder;
use super::list::List;
use super::lock::{Guard, Lock};
use super::misuse;
use super::page::PageRef;
use super::page_map;
use super::region::{Fresh, PAGE_SIZE, REGION_SIZE, RegionRef};
use super::source;
use super::stats::COUNTERS;
use crate::SizeClass;

/// The regions with free pages.
///
/// # Invariants
///
/// `roomy` has every region of which some pages are free and some are not. `spare` is a region with all pages free; no
/// other region has all pages free. Every region is in the page map.
struct Regions {
    roomy: List<RegionRef>,
    spare: Option<RegionRef>,
}

static REGIONS: Lock<Regions> = Lock::new(Regions { roomy: List::new(), spare: None });

/// A run of pages.
pub(crate) struct Run {
    /// The first byte, by a pointer that may be used for the whole run.
    pub(crate) start: NonNull<u8>,
    /// Whether it is as it came from the source.
    pub(crate) fresh: Fresh,
}

/// The place of a run: its region, and the index of its first page.
#[derive(Clone, Copy)]
struct Place {
    region: RegionRef,
    first: usize,
}

impl Place {
    /// The place of the run that begins at `address`.
    ///
    /// # Safety
    ///
    /// The caller has the run.
    unsafe fn of(address: usize) -> Self {
        // SAFETY: the run's pages are in use for as long as the caller has it.
        let Some(region) = (unsafe { page_map::region_of(address) }) else {
            fatal(format_args!("free of {address:#x}: no region holds it"));
        };
        Self { region, first: address % REGION_SIZE / PAGE_SIZE }
    }

    const fn start(self) -> NonNull<u8> {
        self.region.page_start(self.first)
    }
}

/// A page for `holder`, to be cut into blocks of `class`.
pub(crate) fn take_page(class: SizeClass, holder: Holder) -> Option<PageRef> {
    let mut regions = lock();
    let place = regions.place(1, 1)?;
    let fresh = regions.take(place, 1);
    let page = place.region.page(place.first);
    // SAFETY: the page was free, and is now the caller's.
    unsafe { page.open(place.start(), fresh, class, holder) };
    COUNTERS.open_page();
    Some(page)
}

/// Takes back a page whose blocks nobody uses any more.
pub(crate) fn return_page(page: PageRef) {
    let start = page.close().addr();
    // SAFETY: the page is in use, as a run of one, until it is put back below.
    let place = unsafe { Place::of(start) };
    COUNTERS.close_page();
    lock().put(place, 1);
}

/// A run of `pages` pages, aligned to `align` pages.
pub(crate) fn take_run(pages: usize, align: usize) -> Option<Run> {
    let mut regions = lock();
    let place = regions.place(pages, align)?;
    let fresh = regions.take(place, pages);
    Some(Run { start: place.start(), fresh })
}

/// Takes back the `pages` pages from `start` on, which were a run.
///
/// # Safety
///
/// The run is the caller's, who has no use for it any more.
pub(crate) unsafe fn return_run(start: NonNull<u8>, pages: usize) {
    // SAFETY: by the caller's promise.
    let place = unsafe { Place::of(start.addr().get()) };
    let mut regions = lock();
    check_run(start, place, pages);
    regions.put(place, pages);
}

/// Makes the run of `old` pages at `start` one of `new` pages, if that can be done where it is.
///
/// # Safety
///
/// The run is the caller's, who has no use for the pages that it loses.
pub(crate) unsafe fn resize_run(start: NonNull<u8>, old: usize, new: usize) -> Result<(), Stuck> {
    // SAFETY: by the caller's promise.
    let place = unsafe { Place::of(start.addr().get()) };
    let mut regions = lock();
    check_run(start, place, old);
    let Place { region, first } = place;
    let end = first + old.min(new);
    if new == old {
        return Ok(());
    }
    if new < old {
        regions.put(Place { region, first: end }, old - new);
    } else if region.are_free(end, new - old) {
        regions.take(Place { region, first: end }, new - old);
    } else {
        return Err(Stuck);
    }
    Ok(())
}

/// There is no room for a block to grow where it is.
#[derive(Debug)]
pub(crate) struct Stuck;

/// Gives the spare region back to the source.
pub(crate) fn release_spare() {
    let mut regions = lock();
    if let Some(spare) = regions.spare.take() {
        release(spare);
    }
}

/// Locks the regions, until [`let_go`].
pub(crate) fn hold() {
    REGIONS.hold();
}

/// Undoes [`hold`].
///
/// # Safety
///
/// This thread called [`hold`], and has not let go since.
pub(crate) unsafe fn let_go() {
    // SAFETY: the lock is this thread's, by the caller's promise.
    unsafe { REGIONS.let_go() };
}

fn lock() -> Guard<'static, Regions> {
    REGIONS.lock()
}

/// A build that checks looks whether what is freed or resized as a run can be one.
fn check_run(start: NonNull<u8>, place: Place, pages: usize) {
    if !CHECKS {
        return;
    }
    let address = start.addr();
    if address != place.start().addr() {
        fatal(format_args!("free of {address:#x}: no large block begins there"));
    }
    if !place.region.are_used(place.first, pages) {
        fatal(format_args!("free of {address:#x}: not all of its {pages} pages are in use"));
    }
    let first = place.region.page(place.first);
    misuse::check_not_private(first, address.get());
    if first.owner().is_some() {
        fatal(format_args!("free of {address:#x}: its Layout is a large block's, but it lies in a page of blocks"));
    }
}

impl Regions {
    /// The place where `pages` free pages fit best, if need be in a new region.
    fn place(&mut self, pages: usize, align: usize) -> Option<Place> {
        if let Some(place) = self.roomy_place(pages, align) {
            return Some(place);
        }
        let region = self.spare.take().or_else(make_region)?;
        // INVARIANT: not in `roomy` while all its pages are free; the caller takes some at once.
        self.roomy.push(region);
        let fit = region.fit(pages, align)?;
        Some(Place { region, first: fit.first })
    }

    fn roomy_place(&self, pages: usize, align: usize) -> Option<Place> {
        let mut best = None;
        let mut least = usize::MAX;
        for region in self.roomy.iter() {
            let Some(fit) = region.fit(pages, align) else { continue };
            if fit.slack < least {
                least = fit.slack;
                best = Some(Place { region, first: fit.first });
            }
            // A single page is as well placed in any region.
            if least == 0 || pages == 1 {
                break;
            }
        }
        best
    }

    fn take(&mut self, place: Place, pages: usize) -> Fresh {
        let fresh = place.region.take(place.first, pages);
        if place.region.is_full() {
            self.roomy.remove(place.region);
        }
        COUNTERS.use_more(pages * PAGE_SIZE);
        fresh
    }

    fn put(&mut self, place: Place, pages: usize) {
        let region = place.region;
        let was_full = region.is_full();
        region.put(place.first, pages);
        COUNTERS.use_less(pages * PAGE_SIZE);
        if was_full {
            self.roomy.push(region);
        }
        if region.is_empty() {
            self.roomy.remove(region);
            self.keep_or_release(region);
        }
    }

    fn keep_or_release(&mut self, region: RegionRef) {
        match self.spare {
            None => self.spare = Some(region),
            Some(_) => release(region),
        }
    }
}

fn make_region() -> Option<RegionRef> {
    block::draw_key();
    let start = source::acquire(REGION_SIZE, REGION_SIZE)?;
    // SAFETY: the source gave us zeroed memory of that size and alignment.
    let region = unsafe { RegionRef::create(start) };
    if page_map::insert(region).is_none() {
        // SAFETY: as acquired; nobody has heard of it.
        unsafe { source::release(start, REGION_SIZE, REGION_SIZE) };
        return None;
    }
    Some(region)
}

fn release(region: RegionRef) {
    page_map::remove(region);
    // SAFETY: as acquired by `make_region`; all its pages are free, and the map does not lead there any more.
    unsafe { source::release(region.start(), REGION_SIZE, REGION_SIZE) };
}
