//! All regions: where heaps get their pages and large blocks their runs of pages.
//!
//! Regions are made as they are needed. What is given back stays where it is, *dirty*, and is used again first; what
//! nobody wants for a while goes back to the source, by the [`janitor`].

pub(crate) mod pass;

use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::block;
use super::class_map;
use super::extents::{self, Extents};
use super::fatal::{CHECKS, already_free, fatal};
use super::holder::Holder;
use super::janitor;
use super::list::List;
use super::lock::{self, Guard, Lock};
use super::misuse;
use super::page::{Page, PageRef};
use super::page_map;
use super::page_set::PageSet;
use super::region::{MOST_UNITS, PAGE_SIZE, RegionRef, Span, UNIT};
use super::source::{self, Fresh};
use super::stats::Accounts;
use crate::SizeClass;

/// The regions.
///
/// # Invariants
///
/// From `newest`, `older` leads to all regions, each of which is in the page map. It is written, but for a new region's,
/// only in a pass of the janitor: so in a pass the regions that there are may be visited without this lock.
///
/// `extents` has every extent of every region. `dirty` has the regions with dirty pages, and `empty` is the number of
/// those with no page in use.
struct Regions {
    newest: Option<RegionRef>,
    extents: Extents,
    dirty: List<RegionRef>,
    empty: usize,
    /// The number of pages that were given back and that no pass has dealt with yet.
    freed: usize,
    accounts: Accounts,
}

static REGIONS: Lock<Regions> = Lock::new(Regions::new());

/// The number of pages that a pass has taken and will put back in a moment.
static AWAY: AtomicUsize = AtomicUsize::new(0);

/// A place for pages, and the extent that it is a part of.
struct Fit {
    extent: Span,
    pages: Range<usize>,
}

impl Fit {
    /// Whether none of the pages has been used since it came from the source.
    fn freshness(&self) -> Fresh {
        let dirty = self.extent.region.dirty_within(self.pages.clone());
        if dirty.runs(self.pages.clone()).next().is_none() { Fresh::Yes } else { Fresh::No }
    }
}

/// A page for `holder`, to be cut into blocks of `class`. If that is an owner, it is locked.
pub(crate) fn take_page(class: SizeClass, holder: Holder) -> Option<PageRef> {
    let (mut fresh, mut long) = (Fresh::No, None);
    let place = take_with(|regions| {
        let fit = regions.fit_for_page()?;
        if Page::is_long(class) {
            long = Some(fit.extent.region.take_long_words()?);
        }
        regions.accounts.open_page();
        fresh = fit.freshness();
        Some(fit)
    })?;
    let page = place.region.page(place.pages.start);
    if let Some(long) = long {
        // SAFETY: the page was free, and is now the caller's, as the words are.
        unsafe { page.extend(long) };
    }
    // SAFETY: the page was free, and is now the caller's.
    unsafe { page.open(place.start(), fresh, class, holder) };
    Some(page)
}

/// Takes back a page whose blocks nobody uses any more.
pub(crate) fn return_page(page: PageRef) {
    let long = page.forget_blocks();
    let start = page.close().addr();
    // SAFETY: the page is in use, as a run of one, until it is put back below.
    let place = unsafe { span_of(start, 1) };
    let mut regions = lock();
    regions.accounts.close_page();
    if let Some(long) = long {
        place.region.put_long_words(long);
    }
    regions.give_back(&place);
}

/// A run of `pages` pages, at an address aligned to `align` pages, for a large block of `bytes` bytes.
pub(crate) fn take_run(pages: usize, align: usize, bytes: usize) -> Option<NonNull<u8>> {
    let run = take_with(|regions| regions.fit_for_block(pages, align, bytes))?;
    Some(run.start())
}

/// The same, and which of its pages are dirty: all others are zero.
pub(crate) fn take_run_to_clear(pages: usize, align: usize, bytes: usize) -> Option<(NonNull<u8>, Dirt)> {
    let mut dirty = PageSet::new();
    let place = take_with(|regions| {
        let fit = regions.fit_for_block(pages, align, bytes)?;
        dirty = fit.extent.region.dirty_within(fit.pages.clone());
        Some(fit)
    })?;
    Some((place.start(), Dirt { dirty, run: place.pages }))
}

/// What is dirty of a run of pages.
pub(crate) struct Dirt {
    dirty: PageSet,
    run: Range<usize>,
}

impl Dirt {
    /// The dirty parts, as ranges of bytes from the run's start on.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Range<usize>> {
        let offset = |page| (page - self.run.start) * PAGE_SIZE;
        self.dirty.runs(self.run.clone()).map(move |part| offset(part.start)..offset(part.end))
    }
}

/// Takes back the run of `pages` pages at `start`, which was for a large block of `bytes` bytes.
///
/// # Safety
///
/// The run is the caller's, who has no use for it any more.
pub(crate) unsafe fn return_run(start: NonNull<u8>, pages: usize, bytes: usize) {
    // SAFETY: by the caller's promise.
    let run = unsafe { span_of(start.addr().get(), pages) };
    let mut regions = lock();
    check_run(start, &run);
    regions.accounts.large.remove(bytes);
    regions.give_back(&run);
}

/// Takes back a run that has rested in a cache: it is no large block's any more.
///
/// # Safety
///
/// As for [`return_run`].
pub(crate) unsafe fn return_resting_run(start: NonNull<u8>, pages: usize) {
    // SAFETY: by the caller's promise.
    let run = unsafe { span_of(start.addr().get(), pages) };
    lock().give_back(&run);
}

/// In a build that checks, ends the process unless a run that is in use, of `pages` pages, begins at `start`.
///
/// # Safety
///
/// The caller has the run. (Where that is a lie, this finds it out, as long as the memory is there to be read.)
pub(crate) unsafe fn check_run_in_use(start: NonNull<u8>, pages: usize) {
    if CHECKS {
        // SAFETY: by the caller's promise.
        let run = unsafe { span_of(start.addr().get(), pages) };
        let _lock = lock();
        check_run(start, &run);
    }
}

/// The size of a large block, in pages and in bytes.
#[derive(Clone, Copy)]
pub(crate) struct RunSize {
    pub(crate) pages: usize,
    pub(crate) bytes: usize,
}

/// Makes the run at `start` one of another size, if that can be done where it is.
///
/// # Safety
///
/// The run is the caller's, has the `old` size, and the caller has no use for the pages that it loses.
pub(crate) unsafe fn resize_run(start: NonNull<u8>, old: RunSize, new: RunSize) -> Result<(), Stuck> {
    // SAFETY: by the caller's promise.
    let run = unsafe { span_of(start.addr().get(), old.pages) };
    let mut regions = lock();
    check_run(start, &run);
    if new.pages < old.pages {
        regions.give_back(&run.with(run.pages.start + new.pages..run.pages.end));
    } else if new.pages > old.pages {
        regions.take_behind(&run, new.pages - old.pages)?;
    }
    regions.accounts.large.remove(old.bytes);
    regions.accounts.large.add(new.bytes);
    Ok(())
}

/// There is no room for a block to grow where it is.
#[derive(Debug)]
pub(crate) struct Stuck;

/// Calls `f` with the sums of what the program has.
pub(crate) fn with_accounts<R>(f: impl FnOnce(&mut Accounts) -> R) -> R {
    f(&mut lock().accounts)
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

/// Lets go in a forked child of the regions, if the parent's janitor had them.
///
/// # Safety
///
/// As for [`Lock::let_go_if_janitors`].
pub(crate) unsafe fn let_go_if_janitors() {
    // SAFETY: the caller's promise is the same.
    unsafe { REGIONS.let_go_if_janitors() };
}

fn lock() -> Guard<'static, Regions> {
    REGIONS.lock()
}

/// Finds a place by `find`, which is told of all regions, and takes it. `None` when there is no memory.
fn take_with(mut find: impl FnMut(&mut Regions) -> Option<Fit>) -> Option<Span> {
    loop {
        let mut regions = lock();
        if let Some(fit) = find(&mut regions) {
            return Some(regions.use_up(fit));
        }
        // Relaxed: it changes while the regions are locked, but in a forked child.
        if AWAY.load(Relaxed) == 0 {
            return None;
        }
        // What a pass has at this moment may be what is missing.
        drop(regions);
        lock::wait_a_little();
    }
}

/// The span of `pages` pages that begins at `address`.
///
/// # Safety
///
/// The caller has the first page.
unsafe fn span_of(address: usize, pages: usize) -> Span {
    // SAFETY: the page is in use for as long as the caller has it.
    let Some(region) = (unsafe { page_map::region_of(address) }) else {
        fatal(format_args!("free of {address:#x}: no region holds it"));
    };
    let first = region.index_of(address);
    Span { region, pages: first..first + pages }
}

/// A build that checks looks whether what is freed or resized as a run can be one.
fn check_run(start: NonNull<u8>, run: &Span) {
    if !CHECKS {
        return;
    }
    let address = start.addr();
    if address != run.start().addr() {
        fatal(format_args!("free of {address:#x}: no large block begins there"));
    }
    if !run.region.are_used(run.pages.clone()) {
        fatal(format_args!("free of {address:#x}: not all of its {} pages are in use", run.pages.len()));
    }
    let first = run.region.page(run.pages.start);
    misuse::check_not_private(first, address.get());
    if first.is_cut() {
        fatal(format_args!("free of {address:#x}: its Layout is a large block's, but it lies in a page of blocks"));
    }
    if first.is_resting() {
        already_free(address.get());
    }
}

impl Regions {
    const fn new() -> Self {
        Self {
            newest: None,
            extents: Extents::new(),
            dirty: List::new(),
            empty: 0,
            freed: 0,
            accounts: Accounts::new(),
        }
    }

    /// The place for a page of blocks, if need be in a new region.
    fn fit_for_page(&mut self) -> Option<Fit> {
        let with_dirty = self.dirty.first();
        let with_room = with_dirty.or_else(|| Some(self.extents.best(1, 1)?.region));
        let page = with_room.or_else(|| self.make_region(1, 1))?.page_for_blocks()?;
        Some(Fit { extent: page.region.extent_of(page.pages.start), pages: page.pages })
    }

    /// The place for a large block, which is counted as one.
    ///
    /// A block that has grown and must move gets no better place than others: room to grow further would be had in pages
    /// that were never used, whose page faults cost more than a copy into dirty ones, and whose memory comes on top.
    fn fit_for_block(&mut self, pages: usize, align: usize, bytes: usize) -> Option<Fit> {
        let extent = match self.extents.best(pages, align) {
            Some(extent) => extent,
            None => self.make_region(pages, align)?.all_pages(),
        };
        let place = extent.region.dirty_place(&extent, pages, align)?;
        self.accounts.large.add(bytes);
        Some(Fit { extent, pages: place })
    }

    /// Takes `more` pages right behind a run.
    fn take_behind(&mut self, run: &Span, more: usize) -> Result<(), Stuck> {
        let extent = extents::behind(run);
        let pages = extent.place(more, 1).ok_or(Stuck)?;
        self.use_up(Fit { extent, pages });
        Ok(())
    }

    /// The program gets free pages.
    fn use_up(&mut self, fit: Fit) -> Span {
        self.take(&fit);
        let span = fit.extent.with(fit.pages);
        span.region.note_use();
        self.accounts.use_more(span.size());
        span
    }

    /// The program gives back pages.
    fn give_back(&mut self, span: &Span) {
        self.put(span, Fresh::No);
        span.region.note_use();
        self.accounts.use_less(span.size());
        self.freed = self.freed.saturating_add(span.pages.len());
        janitor::note_work(self.work());
    }

    /// The number of pages that a pass would find to do something about, at most: those that were given back since the
    /// last one and are dirty.
    fn work(&self) -> usize {
        self.freed.min(self.accounts.dirty_pages())
    }

    /// Takes free pages out of their extent.
    fn take(&mut self, Fit { extent, pages }: &Fit) {
        let region = extent.region;
        self.extents.remove(extent);
        self.extents.add(&extent.with(extent.pages.start..pages.start));
        self.extents.add(&extent.with(pages.end..extent.pages.end));
        self.change(region, || region.take(pages.clone()));
    }

    /// Puts back pages that are in use, and joins the extents that they lie between.
    fn put(&mut self, span: &Span, fresh: Fresh) {
        let region = span.region;
        let extent = extents::around(span);
        self.extents.remove(&extent.with(extent.pages.start..span.pages.start));
        self.extents.remove(&extent.with(span.pages.end..extent.pages.end));
        self.extents.add(&extent);
        self.change(region, || region.put(span.pages.clone(), fresh));
    }

    /// Lets `change` happen to a region, and sees what that means for the list of those with dirty pages, and for the
    /// number of empty ones.
    fn change(&mut self, region: RegionRef, change: impl FnOnce()) {
        let (had_dirty, was_empty) = (region.dirty_pages(), region.is_empty());
        change();
        let (has_dirty, is_empty) = (region.dirty_pages(), region.is_empty());
        self.accounts.change_dirty(had_dirty, has_dirty);
        match (had_dirty > 0, has_dirty > 0) {
            (false, true) => self.dirty.push(region),
            (true, false) => self.dirty.remove(region),
            (false, false) | (true, true) => {}
        }
        self.empty = self.empty + usize::from(is_empty) - usize::from(was_empty);
    }

    /// A new region with room for `pages` pages at a multiple of `align`: a large one, or as large a one as there is
    /// address space for.
    fn make_region(&mut self, pages: usize, align: usize) -> Option<RegionRef> {
        let least = RegionRef::units_for(pages, align);
        let sizes = core::iter::successors(Some(MOST_UNITS), |units| Some(units / 2));
        let region = sizes.take_while(|&units| units >= least).find_map(acquire_region)?;
        // INVARIANT: a new region, which becomes the newest; all its pages are one extent.
        region.older.set(self.newest.replace(region));
        self.extents.add(&region.all_pages());
        self.empty += 1;
        Some(region)
    }

    /// Has nothing lead any more to a region of which no page is in use. Called in a pass.
    fn forget(&mut self, region: RegionRef) {
        self.take(&Fit { extent: region.all_pages(), pages: region.all_pages().pages });
        page_map::remove(region);
        let older = region.older.take();
        let mut all = core::iter::successors(self.newest, |region| region.older.get());
        match all.find(|newer| newer.older.get() == Some(region)) {
            Some(newer) => newer.older.set(older),
            None => self.newest = older,
        }
    }
}

fn acquire_region(units: usize) -> Option<RegionRef> {
    block::draw_key();
    let size = units * UNIT;
    let start = source::acquire(size, UNIT)?;
    // SAFETY: the source gave us zeroed memory of that size and alignment.
    let region = unsafe { RegionRef::create(start, units) };
    if class_map::reserve(start.addr().get(), size).and_then(|()| page_map::insert(region)).is_none() {
        // SAFETY: as acquired; nobody has heard of it.
        unsafe { source::release(start, size, UNIT) };
        return None;
    }
    Some(region)
}

#[cfg(test)]
mod tests;
