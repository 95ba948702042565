//! Owners: each thread's heap behind its lock, the list of them all, and the way home for blocks.
//!
//! A thread adopts an owner when it first needs blocks, and retires it when it ends: pages, blocks in others' hands and
//! all. The next thread that comes takes it whole. So there are never more owners than there were threads at one time.
//!
//! While an owner is idle, its free blocks are for all: a thread whose own pages have none takes them from there before
//! it opens a new page. The pages stay the idle owner's, and the blocks go home to it as always.

use core::mem;
use core::ptr;

use super::block::{Chain, FreeBlock};
use super::fatal::fatal;
use super::heap::PageHeap;
use super::janitor;
use super::lock::{Guard, Lock};
use super::page::PageRef;
use super::page_map;
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

/// The owner for threads that have none: those about to end, and those that are just getting theirs.
pub(crate) fn shared() -> &'static Owner {
    &SHARED
}

/// An owner for this thread alone; `None` when there is no memory for one.
pub(crate) fn adopt() -> Option<&'static Owner> {
    let mut owners = OWNERS.lock();
    let Some(owner) = owners.idle else { return make(&mut owners) };
    owners.idle = owner.state.lock().next_idle.take();
    Some(owner)
}

/// Leaves `owner`, whom this thread adopted, to the next thread.
pub(crate) fn retire(owner: &'static Owner) {
    let mut owners = OWNERS.lock();
    owner.state.lock().next_idle = owners.idle;
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
        Self { state: Lock::new(State { heap: PageHeap::new(), next_idle: None }), next }
    }

    /// Takes up to `want` blocks: from this owner's pages, or else from an idle owner's, or else from a new page. None
    /// only if there is no memory.
    pub(crate) fn take(&'static self, class: SizeClass, want: usize) -> Chain {
        let own = self.state.lock().heap.take_available(class, want);
        if own.len() > 0 {
            return own;
        }
        let idle = take_from_idle(class, want);
        if idle.len() > 0 {
            return idle;
        }
        self.state.lock().heap.take(self, class, want)
    }
}

/// Takes up to `want` blocks from the pages of the first idle owner that has some. Takes time for each idle owner.
fn take_from_idle(class: SizeClass, want: usize) -> Chain {
    let owners = OWNERS.lock();
    let mut idle = owners.idle;
    while let Some(owner) = idle {
        let mut state = owner.state.lock();
        let taken = state.heap.take_available(class, want);
        if taken.len() > 0 {
            return taken;
        }
        idle = state.next_idle;
    }
    Chain::new()
}

/// Puts blocks back into their pages, whoever owns these. Called without a lock.
///
/// An owner is locked once for all blocks that follow each other and are its own.
pub(crate) fn send_home(blocks: impl Iterator<Item = FreeBlock>) {
    let mut home: Option<Home> = None;
    for block in blocks {
        // SAFETY: a block is the reason for its page to be in use, until it has been put back there.
        let page = unsafe { page_of(block.address()) };
        let Some(owner) = page.owner() else { not_a_block(block.address()) };
        if home.as_ref().is_none_or(|home| !ptr::eq(home.owner, owner)) {
            // One heap at a time: the last one is let go before the next is locked.
            drop(home.take());
            home = Some(Home { owner, state: owner.state.lock() });
        }
        if let Some(home) = &mut home {
            home.state.heap.put(page, block);
        }
    }
    drop(home);
    janitor::look();
}

/// Has the owner of a page that was [marked](super::region::Header::mark_worn) give back OS pages without a block in
/// use, and returns whether the page is worth another look in the next pass. Nothing is given back yet.
///
/// Called in a pass of the janitor, with no other lock. The page may be anybody's by now, or nobody's.
pub(crate) fn tidy(_page: PageRef) -> bool {
    false
}

/// An owner to whom blocks are being brought.
struct Home {
    owner: &'static Owner,
    state: Guard<'static, State>,
}

/// The page of the block at `address`.
///
/// # Safety
///
/// As for [`page_map::page_of`].
unsafe fn page_of(address: usize) -> PageRef {
    // SAFETY: the caller's promise is the same.
    let page = unsafe { page_map::page_of(address) };
    page.unwrap_or_else(|| not_a_block(address))
}

/// Ends the process unless a block of `class` begins at `address`. Who has such a block needs no lock for this.
///
/// # Safety
///
/// The caller has the block. (Where that is a lie, this finds most of them, as long as memory is there to be read.)
pub(crate) unsafe fn check_block(class: SizeClass, address: usize) {
    // SAFETY: the caller has a block of the page.
    let page = unsafe { page_of(address) };
    if page.owner().is_none() {
        not_a_block(address);
    }
    if page.class() != class {
        let (wrong, right) = (class.block_size(), page.class().block_size());
        fatal(format_args!(
            "free of {address:#x}: its Layout is one of {wrong} B blocks, but its page has {right} B ones"
        ));
    }
    if !page.has_block_at(address) {
        not_a_block(address);
    }
}

fn not_a_block(address: usize) -> ! {
    fatal(format_args!("free of {address:#x}: no block begins there"))
}

/// All owners, from the newest on, and the shared one.
fn all(newest: Option<&'static Owner>) -> impl Iterator<Item = &'static Owner> {
    core::iter::successors(newest, |owner| owner.next).chain([shared()])
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
}

/// Adds up all owners, one after the other.
pub(crate) fn totals() -> Totals {
    let owners = OWNERS.lock();
    let mut totals = Totals { owners: owners.count, ..Totals::default() };
    for owner in all(owners.newest) {
        let state = owner.state.lock();
        totals.blocks += state.heap.blocks();
        totals.bytes += state.heap.bytes();
    }
    totals
}
