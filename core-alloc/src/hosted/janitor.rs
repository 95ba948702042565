//! The janitor: gives back to the system what the program has not used for a while.
//!
//! ```text
//!   page:     in use ──▶ free, dirty ──a pass──▶ stale ──the next pass──▶ free, zero
//!                ▲           │                     │                         │
//!                └───────────┴─────────────────────┴─────────────────────────┘
//! ```
//!
//! A *pass* visits all regions. Pages that were free and dirty already when the last pass came by go back to the system,
//! their addresses stay; of the regions without any page in use one is kept, and the others go back whole. Of pages in use
//! that are *worn*, since blocks have come back to them, but not since the last pass, the OS pages without a block in use
//! go back. The janitor makes a pass each time the *decay* has gone by, so memory goes back after one to two times as
//! long; before it he empties the depots, parked bins and run caches that nobody used meanwhile.
//! [`collect`](super::Mudlark::collect) does all that, and does not wait for anything.
//!
//! The janitor is a thread, because an idle program calls no allocator. It lives only while there is something to do: it
//! is started when [`WORTHWHILE`] pages are dirty or worn, and ends when a pass has left nothing for the next.
//! So a program at rest has no thread that wakes, and none to take through a fork. It is not one of the program's
//! threads in any other way: it blocks all signals, allocates nothing, and nobody joins it.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;

use super::cache::Cache;
use super::duty::{Duty, VACANT};
use super::fork;
use super::front;
use super::lock::{self, Lock};
use super::owner;
use super::owners;
use super::page_map;
use super::region::{RegionRef, Span};
use super::regions::pass as regions;
use super::source::{self, Fresh};
use super::standstill::Standstill;

/// So many pages have to be dirty, or worn, before a thread is started for them: 1 MiB.
const WORTHWHILE: usize = 16;

/// The longest run that is purged at a time, in pages: while that is done, they are not to be had.
const BATCH: usize = 16;

/// How often a janitor who waits looks whether the decay has changed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The decay, in milliseconds, or [`NEVER`].
static DECAY: AtomicUsize = AtomicUsize::new(200);
const NEVER: usize = usize::MAX;

/// Whether there is a janitor. The work are pages in use to which blocks have come back.
static DUTY: Duty = Duty { state: AtomicU8::new(VACANT), work: AtomicUsize::new(0) };

/// How many pages have to be dirty before the next janitor is wanted. It doubles each time that none can be started.
static THRESHOLD: AtomicUsize = AtomicUsize::new(WORTHWHILE);

/// Held for a pass.
static PASS: Lock<()> = Lock::new(());

/// The mark of the janitor's thread, or [`NOBODY`].
static PRESENT: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = 0;

/// How signal handlers that fork have him stand still: he is at work while he has a lock and does not wait for another.
pub(crate) static STANDSTILL: Standstill = Standstill { requests: AtomicUsize::new(0), at_work: AtomicUsize::new(0) };

/// The number of threads that are about to fork and wait for the end of a pass.
static FORKS_WAITING: AtomicUsize = AtomicUsize::new(0);

/// The number of dirty pages that are too many.
static SURPLUS: AtomicUsize = AtomicUsize::new(0);

/// How much a pass gives back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zeal {
    /// What was not used since the last pass.
    Patient,
    /// What is not used at this moment.
    Eager,
}

/// How a pass ended.
#[derive(PartialEq, Eq)]
enum Outcome {
    /// It found nothing that the next one could give back.
    Done,
    /// There is something for the next one.
    MoreLater,
    /// Another thread wants to fork.
    GaveWay,
}

/// Sets how long memory stays unused before it goes back; `None` for ever.
pub(crate) fn set_decay(decay: Option<Duration>) {
    let milliseconds = decay.map_or(NEVER, |decay| {
        let milliseconds = usize::try_from(decay.as_millis()).unwrap_or(NEVER);
        milliseconds.clamp(1, NEVER - 1)
    });
    DECAY.store(milliseconds, Relaxed);
    note_work(regions::dirty_pages());
    catch_up();
}

/// Whether this thread is the janitor's.
pub(crate) fn is_here() -> bool {
    // Relaxed: a thread finds its own mark here only if it put it there itself.
    PRESENT.load(Relaxed) == front::mark()
}

fn decay() -> Option<Duration> {
    let milliseconds = DECAY.load(Relaxed);
    (milliseconds != NEVER).then(|| Duration::from_millis(milliseconds as u64))
}

/// There are so many pages for a janitor to see to. The caller may hold any lock.
pub(crate) fn note_work(pages: usize) {
    if pages >= THRESHOLD.load(Relaxed) {
        want();
    }
}

/// Blocks have come back to the page at `address`, for the first time since a pass was there. The caller has locked the
/// page's owner.
pub(crate) fn note_worn(address: usize) {
    // SAFETY: the page is in use for as long as its owner is locked.
    if let Some(region) = unsafe { page_map::region_of(address) } {
        region.mark_worn(region.index_of(address));
    }
    note_work(DUTY.add(1));
}

/// An owner keeps something, for the first time since a round was there: so many pages, it may be. The caller may hold any
/// lock.
pub(crate) fn note_store() {
    const PAGES: usize = 4;
    note_work(DUTY.add(PAGES));
}

/// Has a janitor come, if there is none. The caller may hold any lock.
pub(crate) fn want() {
    if decay().is_some() {
        DUTY.call();
    }
}

/// Does what slow paths have left to be done: starts a janitor if one is wanted, and gives back a surplus. Whoever leaves a
/// slow path calls this, without a lock.
#[inline]
pub(crate) fn catch_up() {
    if DUTY.is_called() {
        start();
    }
    catch_up_with_surplus();
}

/// The same after a free of a C program's. Where a thread is the C library's, no janitor is started, which the next request
/// does: the C library frees what its ended threads had while it holds the lock that every start of a thread takes, and would
/// wait for itself.
#[inline]
#[cfg(feature = "malloc")]
pub(crate) fn catch_up_after_c() {
    if source::BARE_THREADS && DUTY.is_called() && fork::is_arranged() {
        start();
    }
    catch_up_with_surplus();
}

#[inline]
fn catch_up_with_surplus() {
    if SURPLUS.load(Relaxed) > 0 {
        give_back_surplus();
    }
}

#[cold]
fn start() {
    // Between a fork's handlers a thread would be lost to the child; and none must be there before forks are heard of.
    if fork::is_forking() || !fork::begin_arrangement() {
        return;
    }
    if !DUTY.take_up() {
        return;
    }
    match source::start_thread::<Janitor>() {
        Ok(()) => THRESHOLD.store(WORTHWHILE, Relaxed),
        Err(source::NoThread) => {
            THRESHOLD.store(THRESHOLD.load(Relaxed).saturating_mul(2), Relaxed);
            DUTY.vacate();
        }
    }
}

struct Janitor;

impl source::Work for Janitor {
    fn work() {
        as_janitor(live);
    }
}

/// Has this thread be the janitor's while it does something.
pub(crate) fn as_janitor(live: impl FnOnce()) {
    PRESENT.store(front::mark(), Relaxed);
    live();
    // The next one may be here by now.
    let _ = PRESENT.compare_exchange(front::mark(), NOBODY, Relaxed, Relaxed);
}

/// The janitor's life.
fn live() {
    // The thread has no blocks of its own.
    front::with_cache(Cache::end);
    if !source::BARE_THREADS {
        // The destructor keeps a library that has this allocator from being unloaded while the thread runs, where the
        // system sees to that.
        front::arm();
    }
    loop {
        while rest() && round() != Outcome::Done {}
        if retire() {
            return;
        }
    }
}

/// Ends the janitor's presence, unless there is work again. Returns whether that is so.
///
/// Who gives pages back does so under the regions' lock, and looks there for a janitor. So he finds this one gone, or this
/// one, who asks under that lock, finds out.
fn retire() -> bool {
    DUTY.lay_down(|duty| {
        note_work(regions::work());
        note_work(duty.work());
    })
}

/// Waits for the time of the decay. `false` when there is none any more.
fn rest() -> bool {
    let mut rested = Duration::ZERO;
    while let Some(decay) = decay() {
        let Some(rest) = decay.checked_sub(rested).filter(|rest| !rest.is_zero()) else { return true };
        let sleep = rest.min(LONGEST_SLEEP);
        source::sleep(sleep);
        rested += sleep;
    }
    false
}

/// What the janitor does each time the decay has gone by.
fn round() -> Outcome {
    let others_in_use = owners::empty_rested_stores();
    let outcome = {
        let _pass = PASS.lock();
        make_pass(Zeal::Patient)
    };
    match outcome {
        Outcome::Done if others_in_use => Outcome::MoreLater,
        outcome => outcome,
    }
}

/// Gives back all that is not in use, but for what is in the caches of living threads.
pub(crate) fn collect() {
    owners::empty_stores();
    let pass = || {
        let _pass = PASS.lock();
        make_pass(Zeal::Eager)
    };
    while pass() == Outcome::GaveWay {
        lock::wait_until(|| FORKS_WAITING.load(Relaxed) == 0);
    }
}

/// Gives back the regions without a page in use, and returns whether there were any. Called without a lock.
pub(crate) fn release_empty_regions() -> bool {
    let _pass = PASS.lock();
    regions::all().filter(|&region| release_if_empty(region, Zeal::Eager)).count() > 0
}

/// Calls `f` while no region goes away. Called without a lock; `f` is short, since forks wait for it.
pub(crate) fn in_a_pass<R>(f: impl FnOnce() -> R) -> R {
    let _pass = PASS.lock();
    f()
}

/// Visits all regions. The caller has locked the [`PASS`].
fn make_pass(zeal: Zeal) -> Outcome {
    let freed = regions::freed();
    DUTY.take_note();
    let mut more = false;
    for region in regions::all() {
        if release_if_empty(region, zeal) {
            continue;
        }
        more |= purge_free_pages(region, zeal);
        more |= tidy_worn_pages(region, zeal);
        if must_give_way() {
            return Outcome::GaveWay;
        }
    }
    regions::forget_freed(freed);
    more |= regions::freed() > 0;
    if more { Outcome::MoreLater } else { Outcome::Done }
}

/// Gives back a region without a page in use.
fn release_if_empty(region: RegionRef, zeal: Zeal) -> bool {
    match zeal {
        Zeal::Patient => regions::has_rested(region) && regions::release_if_empty(region, 1),
        Zeal::Eager => regions::release_if_empty(region, 0),
    }
}

/// Gives back the memory of stale pages, in batches, so that nobody has to wait long for the regions' lock. Returns whether
/// there are dirty pages for the next pass.
fn purge_free_pages(region: RegionRef, zeal: Zeal) -> bool {
    let mut refused = 0;
    if zeal == Zeal::Eager {
        regions::make_stale(region);
    }
    while !must_give_way()
        && let Some(batch) = regions::take_stale(region, BATCH)
    {
        if purge(&batch) == Fresh::No {
            refused += batch.pages.len();
        }
    }
    // What the system has not taken now, it will not take the next time either.
    regions::make_stale(region) > refused
}

/// Has pages in use looked at that may have OS pages to give back. Returns whether some are worth another look.
fn tidy_worn_pages(region: RegionRef, zeal: Zeal) -> bool {
    let mut again = false;
    for index in region.take_worn() {
        let page = region.page(index);
        if must_give_way() || (owner::take_wear(page) && zeal == Zeal::Patient) {
            region.mark_worn(index);
            again = true;
        } else {
            owner::tidy(page);
        }
    }
    again
}

/// There are so many dirty pages too many. The caller may hold any lock.
pub(crate) fn note_surplus(pages: usize) {
    if pages > 0 && decay().is_some() {
        SURPLUS.fetch_max(pages, Relaxed);
    }
}

/// Gives dirty pages back at once; not while a pass is under way, but then after it.
///
/// Requests that fit into no dirty pages take pages that were never touched: so a program that grows would have what it has
/// outgrown beside it until the decay has gone by. A program that goes up and down within what it has used before keeps its
/// dirty pages, and is spared their page faults, as far as its requests fit into them. (jemalloc once had such a limit for
/// dirty pages.) It takes time for what goes back, which is little more than what has just been taken.
///
/// All this is about memory, and the program may have large blocks that it hardly touches: then what seems to be too much
/// costs next to nothing, and stays.
#[cold]
fn give_back_surplus() {
    let Some(_pass) = PASS.try_lock() else { return };
    let mut surplus = SURPLUS.swap(0, Relaxed);
    if surplus == 0 || regions::may_keep_surplus() {
        return;
    }
    while surplus > 0
        && !must_give_way()
        && let Some(batch) = regions::take_dirty(surplus.min(BATCH))
    {
        surplus -= batch.pages.len();
        if purge(&batch) == Fresh::No {
            return;
        }
    }
}

/// Gives back the memory of pages that this pass has taken.
fn purge(batch: &Span) -> Fresh {
    // SAFETY: the pages are this pass's until it puts them back.
    let fresh = unsafe { source::purge(batch.start(), batch.size()) };
    regions::put_purged(batch, fresh);
    fresh
}

/// Whether another thread waits for the pass to end. (A pass on the thread that forks holds up nobody.)
fn must_give_way() -> bool {
    FORKS_WAITING.load(Relaxed) > 0 && !fork::is_forking()
}

/// Waits for a pass to end, and keeps others from beginning, until [`let_go`].
pub(crate) fn hold() {
    // Relaxed, here and where it is read: it is a hint to hurry.
    FORKS_WAITING.fetch_add(1, Relaxed);
    PASS.hold();
    FORKS_WAITING.fetch_sub(1, Relaxed);
}

/// Undoes [`hold`].
///
/// # Safety
///
/// This thread called [`hold`], and has not let go since.
pub(crate) unsafe fn let_go() {
    // SAFETY: the lock is this thread's, by the caller's promise.
    unsafe { PASS.let_go() };
}

/// Lets go in a forked child of the janitor's pass. What he was about to give back is lost.
///
/// # Safety
///
/// As for [`Lock::let_go_if_janitors`].
pub(crate) unsafe fn let_go_if_janitors() {
    // SAFETY: the caller's promise is the same.
    unsafe { PASS.let_go_if_janitors() };
}

/// In a forked child: the janitor was the parent's, and so were the threads that waited to fork.
pub(crate) fn forget() {
    source::forget_thread();
    PRESENT.store(NOBODY, Relaxed);
    STANDSTILL.forget();
    regions::forget_away();
    DUTY.vacate();
    FORKS_WAITING.store(0, Relaxed);
}
