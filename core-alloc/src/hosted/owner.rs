//! Owners: each thread's heap behind its lock, what is kept beside it, and the way home for blocks.
//!
//! [`owners`] has the list of them all.

use core::cell::Cell;
use core::ptr::{self, NonNull};

use super::bins::{Bins, magazine};
use super::block::{Batch, FreeBlock, FreeList, LEAST_STACKED};
use super::depot::{Depot, magazine_bytes};
use super::heap::PageHeap;
use super::holder::Holder;
use super::janitor;
use super::lock::{Guard, Lock};
use super::misuse::{owner_of, page_of};
use super::owners;
use super::page::PageRef;
use super::page_stats::PageStats;
use super::regions;
use super::run_cache::RunCache;
use super::stats::{LargeBlocks, Sample, Totals};
use crate::SizeClass;

/// Somebody who has a heap: a thread, or, for the shared one, every thread that has none.
///
/// # Invariants
///
/// An owner is never released, so it is only ever met as `&'static`.
///
/// Two threads' owners share no cache line.
#[repr(align(128))]
pub(crate) struct Owner {
    pub(super) state: Lock<State>,
    /// The owner made before this one.
    pub(super) next: Option<&'static Self>,
}

const _: () = assert!(size_of::<Owner>() <= 5 * 1024, "as the page on growth says");

pub(super) struct State {
    pub(super) heap: PageHeap,
    depot: Depot,
    runs: RunCache,
    /// Whether the depot or the run cache was used since the janitor was here.
    pub(super) stores_used: Cell<bool>,
    /// The large blocks that came out of the run cache, less those that went there.
    large: LargeBlocks,
    requests: [Sample; SizeClass::COUNT],
    /// The bins of the thread that had this owner last, while it is idle; closed ones otherwise.
    pub(super) parked: Bins,
    /// The next idle owner, when this one is idle. Only touched while the list of owners is locked, too.
    pub(super) next_idle: Option<&'static Owner>,
}

pub(super) static SHARED: Owner = Owner::new(None);

/// A single block, for a thread that has no owner: one about to end, or one that is just getting its own.
pub(crate) fn take_shared(class: SizeClass) -> Option<FreeBlock> {
    SHARED.state.lock().heap.take(Holder::Owner(&SHARED), class, 1).list.pop()
}

/// Takes a few blocks for a guest: a kibibyte, or little more, or one block. In fresh pages they mostly fill whole lines of a
/// processor's cache, so that guests do not get in each other's way.
pub(crate) fn take_as_guest(class: SizeClass, size: usize) -> Batch {
    const BYTES: usize = 1024;
    const LINE: usize = 64;
    let step = if class.block_size().is_multiple_of(LINE) { 1 } else { LINE / SizeClass::MIN_SIZE };
    let few = (BYTES / class.block_size()).next_multiple_of(step).clamp(1, magazine(class));
    SHARED.take_some(class, size, few)
}

impl Owner {
    pub(super) const fn new(next: Option<&'static Self>) -> Self {
        Self { state: Lock::new(State::new()), next }
    }

    /// Takes up to a magazine of blocks; none only if there is no memory.
    ///
    /// `size` is that of the request which has met the empty bin: a sample of what is asked for.
    pub(crate) fn take(&'static self, class: SizeClass, size: usize) -> Batch {
        self.take_some(class, size, magazine(class))
    }

    /// Takes up to `want` blocks: from this owner's depot and pages, or else from an
    /// idle owner's, or else from a new page.
    fn take_some(&'static self, class: SizeClass, size: usize, want: usize) -> Batch {
        let mut state = self.state.lock();
        state.requests[class.index()].add(size);
        let own = state.take_available(class, want);
        if own.len > 0 {
            return own;
        }
        drop(state);
        let idle = owners::take_from_idle(class, want);
        if idle.len > 0 {
            return idle;
        }
        self.state.lock().heap.take(Holder::Owner(self), class, want)
    }

    /// A run of `pages` pages from the owner's cache of such, for a block of `bytes` bytes.
    pub(crate) fn take_run(&self, pages: usize, bytes: usize) -> Option<NonNull<u8>> {
        let mut state = self.state.lock();
        let start = state.runs.take(pages)?;
        state.note_store();
        state.large.add(bytes);
        Some(start)
    }

    /// Keeps a run of `pages` pages, which was for a block of `bytes` bytes, if there is room.
    pub(crate) fn keep_run(&self, first: PageRef, start: NonNull<u8>, pages: usize, bytes: usize) -> bool {
        let mut state = self.state.lock();
        let kept = state.runs.keep(first, start, pages);
        if kept {
            state.note_store();
            state.large.remove(bytes);
        }
        kept
    }

    /// Has the bins that the thread before has left become `bins`, which are closed.
    pub(crate) fn unpark(&self, bins: &Bins) {
        self.state.lock().parked.move_to(bins);
    }

    /// Empties the depot, the parked bins and the run cache.
    pub(super) fn empty_stores(&self) {
        while let Some((class, blocks)) = self.take_stored_blocks() {
            send_home(class, &blocks);
        }
        self.empty_run_cache();
    }

    fn take_stored_blocks(&self) -> Option<(SizeClass, FreeList)> {
        let mut state = self.state.lock();
        SizeClass::all().find_map(|class| {
            let blocks = state.depot.take(class).or_else(|| state.parked.take_any(class))?;
            Some((class, blocks.list))
        })
    }

    pub(super) fn empty_run_cache(&self) {
        let take_any = || self.state.lock().runs.take_any();
        while let Some((start, pages)) = take_any() {
            // SAFETY: the run was the cache's, and is no one's now.
            unsafe { regions::return_resting_run(start, pages) };
        }
    }
}

impl State {
    const fn new() -> Self {
        Self {
            heap: PageHeap::new(),
            depot: Depot::new(),
            runs: RunCache::new(),
            stores_used: Cell::new(false),
            large: LargeBlocks::new(),
            requests: [Sample::new(); SizeClass::COUNT],
            parked: Bins::new(),
            next_idle: None,
        }
    }

    /// Takes a magazine out of the depot, or up to `want` blocks out of the pages, if there are any without opening a new one.
    fn take_available(&mut self, class: SizeClass, want: usize) -> Batch {
        self.depot.take(class).inspect(|_| self.note_store()).unwrap_or_else(|| self.heap.take_available(class, want))
    }

    /// Takes up to `want` blocks of what an ended thread has left: a magazine as it is, if so many are wanted.
    pub(super) fn take_left(&mut self, class: SizeClass, want: usize) -> Batch {
        if want < magazine(class) {
            return self.heap.take_available(class, want);
        }
        self.parked.take_any(class).unwrap_or_else(|| self.take_available(class, want))
    }

    /// Notes that the depot, the parked bins or the run cache are in use. The first to do so after the janitor was here
    /// has him come again.
    pub(super) fn note_store(&self) {
        if !self.stores_used.replace(true) {
            janitor::note_store();
        }
    }

    /// Whether the depot may grow by a magazine.
    ///
    /// What is there is lost to all other classes, so that shall be little beside what is in use.
    fn has_room_for(&self, class: SizeClass) -> bool {
        const ALWAYS: usize = 1024 * 1024;
        let most = ALWAYS.max(self.heap.bytes() / 16);
        class.block_size() >= LEAST_STACKED && self.depot.bytes() + magazine_bytes(class) <= most
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        totals.large.join(&self.large);
        for (class, total) in SizeClass::all().zip(&mut totals.classes) {
            total.pages += self.heap.pages(class);
            total.out += self.heap.blocks(class);
            total.cached += self.depot.blocks(class) + self.parked.blocks(class);
            total.join(&self.requests[class.index()]);
        }
    }
}

/// Stores a full magazine in the depot of the owner to whom its first block belongs, or returns it when there is no
/// room.
///
/// The others of its blocks may be anybody's. But a thread that only frees what another one has allocated sends all
/// back to that one, with one look at one block.
pub(crate) fn store(class: SizeClass, full: FreeList) -> Option<FreeList> {
    let address = full.first_address()?;
    // SAFETY: the block is the reason for its page to be in use.
    let owner = owner_of(unsafe { page_of(address) }, address);
    if ptr::eq(owner, &SHARED) {
        // Guests want no whole magazines.
        return Some(full);
    }
    let mut state = owner.state.lock();
    if !state.has_room_for(class) {
        return Some(full);
    }
    state.note_store();
    state.depot.store(class, full);
    None
}

/// Puts blocks of `class` back into their pages, whoever owns these. Called without a lock.
///
/// An owner is locked once for all blocks that follow each other and are its own, and a page is looked for once for those
/// that are of one page: what was requested together lies together, and is often freed together.
pub(crate) fn send_home(class: SizeClass, blocks: &FreeList) {
    let mut home: Option<Home> = None;
    while let Some(first) = blocks.take_first() {
        // SAFETY: a block is the reason for its page to be in use, until it has been put back there.
        let page = unsafe { page_of(first) };
        let owner = owner_of(page, first);
        if home.as_ref().is_none_or(|home| !ptr::eq(home.owner, owner)) {
            // One heap at a time: the last one is let go before the next is locked.
            drop(home.take());
            home = Some(Home { owner, state: owner.state.lock() });
        }
        if let Some(home) = &mut home {
            home.state.heap.put(class, page, first, blocks);
        }
    }
}

/// Whether blocks have come back to a page since this was last asked.
///
/// Called in a pass of the janitor, with no other lock. The page may be anybody's by now, or nobody's.
pub(crate) fn take_wear(page: PageRef) -> bool {
    lock_owner_of(page).is_some_and(|_| page.forget_wear())
}

/// Has the owner of a page give back the OS pages in which no block is in use.
///
/// Called as [`take_wear`] is.
pub(crate) fn tidy(page: PageRef) {
    if let Some(mut state) = lock_owner_of(page) {
        page.forget_wear();
        state.heap.tidy(page);
    }
}

/// The state of a page, if it is an owner's.
///
/// Called as [`take_wear`] is.
pub(crate) fn look(page: PageRef) -> Option<PageStats> {
    let _state = lock_owner_of(page)?;
    Some(page.stats())
}

/// Locks the owner of a page, if it has one.
fn lock_owner_of(page: PageRef) -> Option<Guard<'static, State>> {
    let owner = page.owner()?;
    let state = owner.state.lock();
    // It may have been another's by the time this one was locked.
    page.owner().is_some_and(|now| ptr::eq(now, owner)).then_some(state)
}

/// An owner to whom blocks are being brought.
struct Home {
    owner: &'static Owner,
    state: Guard<'static, State>,
}
