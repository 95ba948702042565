//! Owners: each thread's heap behind its lock, the list of them all, and the way home for blocks.
//!
//! A thread adopts an owner when it first needs blocks, and retires it when it ends: pages, blocks in others' hands and
//! all. The next thread that comes takes it whole. So there are never more owners than there were threads at one time.
//!
//! While an owner is idle, its free blocks are for all: a thread whose own pages have none takes them from there before
//! it opens a new page. The pages stay the idle owner's, and the blocks go home to it as always.

use core::cell::Cell;
use core::mem;
use core::ptr::{self, NonNull};

use super::bins::{Bins, magazine};
use super::block::{Batch, FreeBlock, FreeList, LEAST_STACKED};
use super::depot::{Depot, magazine_bytes};
use super::heap::PageHeap;
use super::holder::Holder;
use super::janitor;
use super::lock::{Guard, Lock};
use super::misuse::{owner_of, page_of};
use super::page::PageRef;
use super::regions;
use super::run_cache::RunCache;
use super::source;
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
    state: Lock<State>,
    /// The owner made before this one.
    next: Option<&'static Self>,
}

struct State {
    heap: PageHeap,
    depot: Depot,
    runs: RunCache,
    /// Whether the depot or the run cache was used since the janitor was here.
    stores_used: Cell<bool>,
    /// The large blocks that came out of the run cache, less those that went there.
    large: LargeBlocks,
    requests: [Sample; SizeClass::COUNT],
    /// The bins of the thread that had this owner last, while it is idle; closed ones otherwise.
    parked: Bins,
    /// The next idle owner, when this one is idle. Only touched while the list of owners is locked, too.
    next_idle: Option<&'static Owner>,
}

/// The list of owners.
///
/// # Invariants
///
/// From `newest`, `next` leads to all owners but the shared one, `count` of them. From `idle`, `next_idle` leads to
/// those that no thread has adopted; `hand`, if it is one, is one of these.
struct Owners {
    newest: Option<&'static Owner>,
    idle: Option<&'static Owner>,
    places: Places,
    /// The idle owner that [`take_from_idle`] asks next, or `None` for the first.
    hand: Option<&'static Owner>,
    count: usize,
}

static OWNERS: Lock<Owners> =
    Lock::new(Owners { newest: None, idle: None, places: Places { next: None, left: 0 }, hand: None, count: 0 });

/// Places for owners, of which several are acquired at a time.
///
/// # Invariants
///
/// From `next` on there is memory for `left` owners, which nobody uses.
struct Places {
    next: Option<NonNull<Owner>>,
    left: usize,
}

// SAFETY: the memory is this value's alone.
unsafe impl Send for Places {}

impl Places {
    /// What is acquired at a time, in bytes: the least that the source gives.
    const BATCH: usize = 64 * 1024;

    /// Memory for an owner.
    fn take(&mut self) -> Option<NonNull<Owner>> {
        if self.left == 0 {
            // INVARIANT: so much memory holds so many owners, and is new.
            self.next = Some(source::acquire(Self::BATCH, align_of::<Owner>())?.cast());
            self.left = Self::BATCH / size_of::<Owner>();
        }
        let place = self.next?;
        self.left -= 1;
        // SAFETY: at most one past the last owner that the memory holds.
        self.next = Some(unsafe { place.add(1) });
        Some(place)
    }
}

static SHARED: Owner = Owner::new(None);

/// A single block, for a thread that has no owner: one about to end, or one that is just getting its own.
pub(crate) fn take_shared(class: SizeClass) -> Option<FreeBlock> {
    SHARED.state.lock().heap.take(Holder::Owner(&SHARED), class, 1).list.pop()
}

/// An owner for this thread alone, and what bins come with it; `None` when there is no memory for one.
pub(crate) fn adopt(bins: &Bins) -> Option<&'static Owner> {
    let mut owners = OWNERS.lock();
    let Some(owner) = owners.idle else { return make(&mut owners) };
    let mut state = owner.state.lock();
    owners.idle = state.next_idle.take();
    // It may have been this one.
    owners.hand = None;
    state.parked.move_to(bins);
    Some(owner)
}

/// Leaves `owner`, whom this thread adopted, and the thread's bins to the next thread.
pub(crate) fn retire(owner: &'static Owner, bins: &Bins) {
    owner.empty_run_cache();
    let mut owners = OWNERS.lock();
    let mut state = owner.state.lock();
    bins.move_to(&state.parked);
    state.note_store();
    state.next_idle = owners.idle;
    owners.idle = Some(owner);
}

fn make(owners: &mut Owners) -> Option<&'static Owner> {
    let place = owners.places.take()?;
    // SAFETY: the place is for one owner, and ours alone.
    unsafe { place.write(Owner::new(owners.newest)) };
    // SAFETY: just written; from now on it is only shared, and nobody releases it.
    let owner = unsafe { place.as_ref() };
    owners.newest = Some(owner);
    owners.count += 1;
    Some(owner)
}

impl Owner {
    const fn new(next: Option<&'static Self>) -> Self {
        Self { state: Lock::new(State::new()), next }
    }

    /// Takes up to a magazine of blocks: from this owner's depot and pages, or else from an idle owner's, or else from a
    /// new page. None only if there is no memory.
    ///
    /// `size` is that of the request which has met the empty bin: a sample of what is asked for.
    pub(crate) fn take(&'static self, class: SizeClass, size: usize) -> Batch {
        let mut state = self.state.lock();
        state.requests[class.index()].add(size);
        let own = state.take_available(class);
        if own.len > 0 {
            return own;
        }
        drop(state);
        let idle = take_from_idle(class);
        if idle.len > 0 {
            return idle;
        }
        self.state.lock().heap.take(Holder::Owner(self), class, magazine(class))
    }
}

impl Owner {
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

    /// Empties the depot, the parked bins and the run cache.
    fn empty_stores(&self) {
        while let Some(blocks) = self.take_stored_blocks() {
            send_home(blocks);
        }
        self.empty_run_cache();
    }

    fn take_stored_blocks(&self) -> Option<FreeList> {
        let mut state = self.state.lock();
        SizeClass::all()
            .find_map(|class| state.depot.take(class).or_else(|| state.parked.take_any(class)))
            .map(|blocks| blocks.list)
    }

    fn empty_run_cache(&self) {
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

    /// Takes up to a magazine of blocks, if there are any without opening a new page.
    fn take_available(&mut self, class: SizeClass) -> Batch {
        self.depot
            .take(class)
            .inspect(|_| self.note_store())
            .unwrap_or_else(|| self.heap.take_available(class, magazine(class)))
    }

    /// Takes up to a magazine of blocks of what an ended thread has left.
    fn take_left(&mut self, class: SizeClass) -> Batch {
        self.parked.take_any(class).unwrap_or_else(|| self.take_available(class))
    }

    /// Notes that the depot, the parked bins or the run cache are in use. The first to do so after the janitor was here
    /// has him come again.
    fn note_store(&self) {
        if !self.stores_used.replace(true) {
            janitor::note_store();
        }
    }

    /// Whether the depot may grow by a magazine.
    ///
    /// What is there is lost to all other classes, so that shall be little beside what is in use.
    fn has_room_for(&self, class: SizeClass) -> bool {
        const ALWAYS: usize = 256 * 1024;
        let most = ALWAYS.max(self.heap.bytes() / 16);
        class.block_size() >= LEAST_STACKED && self.depot.bytes() + magazine_bytes(class) <= most
    }
}

/// Takes up to a magazine of blocks from an idle owner that has some. Asks but a few, and others the next time: there may
/// be thousands.
fn take_from_idle(class: SizeClass) -> Batch {
    // The list is let go of before anybody is asked: what is taken may have to be made present first. Who has been adopted
    // meanwhile has some all the same.
    let asked = next_idle_owners();
    let taken = asked.into_iter().flatten().map(|owner| owner.state.lock().take_left(class));
    taken.into_iter().find(|taken| taken.len > 0).unwrap_or_else(Batch::empty)
}

/// The idle owners whose turn it is to be asked.
fn next_idle_owners() -> [Option<&'static Owner>; 8] {
    let mut owners = OWNERS.lock();
    let mut hand = owners.hand.or(owners.idle);
    let next = [(); 8].map(|()| {
        let owner = hand?;
        hand = owner.state.lock().next_idle;
        Some(owner)
    });
    owners.hand = hand;
    next
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
        // No thread ever looks into its depot.
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

/// Puts blocks back into their pages, whoever owns these. Called without a lock.
///
/// An owner is locked once for all blocks that follow each other and are its own.
pub(crate) fn send_home(blocks: FreeList) {
    let mut home: Option<Home> = None;
    while let Some(address) = blocks.first_address() {
        // SAFETY: a block is the reason for its page to be in use, until it has been put back there.
        let page = unsafe { page_of(address) };
        let owner = owner_of(page, address);
        if home.as_ref().is_none_or(|home| !ptr::eq(home.owner, owner)) {
            // One heap at a time: the last one is let go before the next is locked.
            drop(home.take());
            home = Some(Home { owner, state: owner.state.lock() });
        }
        if let Some(home) = &mut home {
            home.state.heap.put(page, &blocks);
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

/// Locks the owner of a page, if it has one.
fn lock_owner_of(page: PageRef) -> Option<Guard<'static, State>> {
    let owner = page.owner()?;
    let state = owner.state.lock();
    // It may have been another's by the time this one was locked.
    page.owner().is_some_and(|now| ptr::eq(now, owner)).then_some(state)
}

/// Empties all owners' depots, parked bins and run caches, and returns the pages that are unused then.
pub(crate) fn empty_stores() {
    let newest = OWNERS.lock().newest;
    all(newest).for_each(Owner::empty_stores);
    for owner in all(newest) {
        owner.state.lock().heap.return_unused_pages();
    }
}

/// Empties those of owners whose stores nobody has used since this was last called, and returns whether there are others.
pub(crate) fn empty_rested_stores() -> bool {
    let newest = OWNERS.lock().newest;
    let mut others = false;
    for owner in all(newest) {
        if owner.state.lock().stores_used.replace(false) {
            others = true;
        } else {
            owner.empty_stores();
        }
    }
    others
}

/// An owner to whom blocks are being brought.
struct Home {
    owner: &'static Owner,
    state: Guard<'static, State>,
}

/// All owners, from the newest on, and the shared one.
fn all(newest: Option<&'static Owner>) -> impl Iterator<Item = &'static Owner> {
    core::iter::successors(newest, |owner| owner.next).chain([&SHARED])
}

/// Locks the list of owners and every owner's heap, until [`let_go_heaps`] and [`let_go_list`].
pub(crate) fn hold_all() {
    let owners = OWNERS.lock();
    for owner in all(owners.newest) {
        owner.state.hold();
    }
    mem::forget(owners);
}

/// Undoes the larger part of [`hold_all`].
///
/// # Safety
///
/// This thread called [`hold_all`], has let go of nothing since, and still counts as forking.
pub(crate) unsafe fn let_go_heaps() {
    let newest = OWNERS.lock().newest;
    for owner in all(newest) {
        // SAFETY: `hold_all` locked it, or this thread has made it since, and nobody else has got to see the list.
        unsafe { owner.state.let_go() };
    }
}

/// Undoes the rest of [`hold_all`].
///
/// # Safety
///
/// This thread called [`hold_all`], and then [`let_go_heaps`].
pub(crate) unsafe fn let_go_list() {
    // SAFETY: `hold_all` locked it.
    unsafe { OWNERS.let_go() };
}

/// Makes all owners idle but `own`: whatever threads had adopted them are not there any more.
pub(crate) fn leave_all_but(own: Option<&'static Owner>) {
    let mut owners = OWNERS.lock();
    owners.idle = None;
    owners.hand = None;
    for owner in core::iter::successors(owners.newest, |owner| owner.next) {
        if !own.is_some_and(|own| ptr::eq(own, owner)) {
            owner.state.lock().next_idle = owners.idle;
            owners.idle = Some(owner);
        }
    }
}

/// Adds up all owners, one after the other.
pub(crate) fn totals() -> Totals {
    let owners = OWNERS.lock();
    let mut totals = Totals::new(owners.count);
    for owner in all(owners.newest) {
        owner.state.lock().add_to(&mut totals);
    }
    totals
}

impl State {
    fn add_to(&self, totals: &mut Totals) {
        totals.large.join(&self.large);
        for (class, total) in SizeClass::all().zip(&mut totals.classes) {
            total.pages += self.heap.pages(class);
            total.out += self.heap.blocks(class);
            total.cached += self.depot.blocks(class) + self.parked.blocks(class);
            total.join(&self.requests[class.index()]);
        }
    }
}
