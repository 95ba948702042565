//! Owners: each thread's heap behind its lock, the list of them all, and the way home for blocks.
//!
//! A thread adopts an owner when it first needs blocks, and retires it when it ends: pages, blocks in others' hands and
//! all. The next thread that comes takes it whole. So there are never more owners than there were threads at one time.
//!
//! While an owner is idle, its free blocks are for all: a thread whose own pages have none takes them from there before
//! it opens a new page. The pages stay the idle owner's, and the blocks go home to it as always.

use core::mem;
use core::ptr;

use super::bins::{Bins, magazine};
use super::block::{Batch, FreeBlock, FreeList};
use super::depot::{Depot, magazine_bytes};
use super::heap::PageHeap;
use super::holder::Holder;
use super::lock::{Guard, Lock};
use super::misuse::{owner_of, page_of};
use super::source;
use crate::SizeClass;

/// Somebody who has a heap: a thread, or, for the shared one, every thread that has none.
///
/// # Invariants
///
/// An owner is never released, so it is only ever met as `&'static`.
pub(crate) struct Owner {
    state: Lock<State>,
    /// The owner made before this one.
    next: Option<&'static Self>,
}

struct State {
    heap: PageHeap,
    depot: Depot,
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
/// those that no thread has adopted.
struct Owners {
    newest: Option<&'static Owner>,
    idle: Option<&'static Owner>,
    count: usize,
}

static OWNERS: Lock<Owners> = Lock::new(Owners { newest: None, idle: None, count: 0 });

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
    state.parked.move_to(bins);
    Some(owner)
}

/// Leaves `owner`, whom this thread adopted, and the thread's bins to the next thread.
pub(crate) fn retire(owner: &'static Owner, bins: &Bins) {
    let mut owners = OWNERS.lock();
    let mut state = owner.state.lock();
    bins.move_to(&state.parked);
    state.next_idle = owners.idle;
    owners.idle = Some(owner);
}

fn make(owners: &mut Owners) -> Option<&'static Owner> {
    let place = source::acquire(size_of::<Owner>(), align_of::<Owner>())?.cast::<Owner>();
    // SAFETY: the source gave us memory of that size and alignment.
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
    pub(crate) fn take(&'static self, class: SizeClass) -> Batch {
        let own = self.state.lock().take_available(class);
        if own.len > 0 {
            return own;
        }
        let idle = take_from_idle(class);
        if idle.len > 0 {
            return idle;
        }
        self.state.lock().heap.take(Holder::Owner(self), class, magazine(class))
    }
}

impl Owner {
    /// Takes something out of the depot or the parked bins, until there is nothing left.
    fn take_stored(&self) -> Option<FreeList> {
        let mut state = self.state.lock();
        SizeClass::all()
            .find_map(|class| state.depot.take(class).or_else(|| state.parked.take_any(class)))
            .map(|blocks| blocks.list)
    }
}

impl State {
    const fn new() -> Self {
        Self { heap: PageHeap::new(), depot: Depot::new(), parked: Bins::new(), next_idle: None }
    }

    /// Takes up to a magazine of blocks, if there are any without opening a new page.
    fn take_available(&mut self, class: SizeClass) -> Batch {
        self.depot.take(class).unwrap_or_else(|| self.heap.take_available(class, magazine(class)))
    }

    /// Whether the depot may grow by a magazine.
    ///
    /// What is there is lost to all other classes, so that shall be little beside what is in use.
    fn has_room_for(&self, class: SizeClass) -> bool {
        const ALWAYS: usize = 256 * 1024;
        self.depot.bytes() + magazine_bytes(class) <= ALWAYS.max(self.heap.bytes() / 16)
    }
}

/// Takes up to a magazine of blocks from the first idle owner that has some. Takes time for each idle owner.
fn take_from_idle(class: SizeClass) -> Batch {
    let owners = OWNERS.lock();
    let mut idle = owners.idle;
    while let Some(owner) = idle {
        let mut state = owner.state.lock();
        if let Some(parked) = state.parked.take_any(class) {
            return parked;
        }
        let taken = state.take_available(class);
        if taken.len > 0 {
            return taken;
        }
        idle = state.next_idle;
    }
    Batch::empty()
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
    let mut state = owner.state.lock();
    if !state.has_room_for(class) {
        return Some(full);
    }
    state.depot.store(class, full);
    None
}

/// Puts blocks back into their pages, whoever owns these.
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

/// Empties all depots and all parked bins, and returns the pages that are unused then.
pub(crate) fn empty_all() {
    let newest = OWNERS.lock().newest;
    for owner in all(newest) {
        while let Some(blocks) = owner.take_stored() {
            send_home(blocks);
        }
    }
    for owner in all(newest) {
        owner.state.lock().heap.return_unused_pages();
    }
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
    for owner in core::iter::successors(owners.newest, |owner| owner.next) {
        if !own.is_some_and(|own| ptr::eq(own, owner)) {
            owner.state.lock().next_idle = owners.idle;
            owners.idle = Some(owner);
        }
    }
}

/// What all owners have handed out.
#[derive(Default)]
pub(crate) struct Totals {
    /// The number of owners, not counting the shared one.
    pub(crate) owners: usize,
    /// The number of blocks out of their pages.
    pub(crate) blocks: usize,
    /// The bytes of these blocks.
    pub(crate) bytes: usize,
    /// Those of the blocks that are in depots and parked bins.
    pub(crate) cached_blocks: usize,
    /// The bytes of these.
    pub(crate) cached_bytes: usize,
}

/// Adds up all owners, one after the other.
pub(crate) fn totals() -> Totals {
    let owners = OWNERS.lock();
    let mut totals = Totals { owners: owners.count, ..Totals::default() };
    for owner in all(owners.newest) {
        let state = owner.state.lock();
        for (blocks, bytes) in [state.depot.contents(), state.parked.contents()] {
            totals.cached_blocks += blocks;
            totals.cached_bytes += bytes;
        }
        totals.blocks += state.heap.blocks();
        totals.bytes += state.heap.bytes();
    }
    totals
}
