//! The list of all owners, and which of them are idle.
//!
//! A thread adopts an owner when it first needs blocks, and retires it when it ends: pages, blocks in others' hands and
//! all. The next thread that comes takes it whole. So there are never more owners than there were threads at one time.
//!
//! While an owner is idle, its free blocks are for all: a thread whose own pages have none takes them from there before
//! it opens a new page. The pages stay the idle owner's, and the blocks go home to it as always.

use core::ptr::{self, NonNull};
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};

use super::bins::Bins;
use super::block::Batch;
use super::lock::Lock;
use super::owner::{Owner, SHARED};
use super::source;
use super::stats::Totals;
use crate::SizeClass;

/// The list of owners.
///
/// # Invariants
///
/// `count` is the number of all owners but the shared one. From `idle`, `next_idle` leads to those that no thread has
/// adopted; `hand`, if it is one, is one of these.
struct Owners {
    idle: Option<&'static Owner>,
    places: Places,
    /// The idle owner that [`take_from_idle`] asks next, or `None` for the first.
    hand: Option<&'static Owner>,
    count: usize,
}

static OWNERS: Lock<Owners> =
    Lock::new(Owners { idle: None, places: Places { next: None, left: 0 }, hand: None, count: 0 });

/// # Invariants
///
/// Null, or the owner made last; from there, `next` leads to all but the shared one. It changes while the list of owners is
/// locked, and may be read at any time, since no owner is ever released.
static NEWEST: AtomicPtr<Owner> = AtomicPtr::new(ptr::null_mut());

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

/// An owner that an ended thread has left, if there is one, for this thread alone.
pub(crate) fn take_idle() -> Option<&'static Owner> {
    let mut owners = OWNERS.lock();
    let owner = owners.idle?;
    owners.idle = owner.state.lock().next_idle.take();
    if owners.hand.is_some_and(|hand| ptr::eq(hand, owner)) {
        owners.hand = owners.idle;
    }
    Some(owner)
}

/// Whether any thread has adopted an owner yet.
pub(crate) fn are_any() -> bool {
    newest().is_some()
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

/// A new owner, for this thread alone; `None` when there is no memory for one.
pub(crate) fn make() -> Option<&'static Owner> {
    let mut owners = OWNERS.lock();
    let place = owners.places.take()?;
    // SAFETY: the place is for one owner, and ours alone.
    unsafe { place.write(Owner::new(newest())) };
    // INVARIANT: just written; from now on it is only shared, and nobody releases it. Release: pairs with `newest`.
    NEWEST.store(place.as_ptr(), Release);
    owners.count += 1;
    newest()
}

/// Takes up to `want` blocks from an idle owner that has some. Asks but a few, and others the next time: there may
/// be thousands.
pub(super) fn take_from_idle(class: SizeClass, want: usize) -> Batch {
    // The list is let go of before anybody is asked: what is taken may have to be made present first. Who has been adopted
    // meanwhile has some all the same.
    let asked = next_idle_owners();
    let taken = asked.into_iter().flatten().map(|owner| owner.state.lock().take_left(class, want));
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

/// Empties all owners' depots, parked bins and run caches, and returns the pages that are unused then.
pub(crate) fn empty_stores() {
    all().for_each(Owner::empty_stores);
    for owner in all() {
        owner.state.lock().heap.return_unused_pages();
    }
}

/// Empties those of owners whose stores nobody has used since this was last called, and returns whether there are others.
pub(crate) fn empty_rested_stores() -> bool {
    let mut others = false;
    for owner in all() {
        if owner.state.lock().stores_used.replace(false) {
            others = true;
        } else {
            owner.empty_stores();
        }
    }
    others
}

/// The owner made last.
fn newest() -> Option<&'static Owner> {
    // Acquire: pairs with the Release in `make`, so the owner is seen as it was made.
    let newest = NEWEST.load(Acquire);
    // SAFETY: by the invariant.
    unsafe { newest.as_ref() }
}

/// All owners but the shared one, from the newest on.
fn all_of_threads() -> impl Iterator<Item = &'static Owner> {
    core::iter::successors(newest(), |owner| owner.next)
}

/// All owners, from the newest on, and the shared one.
fn all() -> impl Iterator<Item = &'static Owner> {
    all_of_threads().chain([&SHARED])
}

/// Locks the list of owners and every owner's heap, until [`let_go_heaps`] and [`let_go_list`].
pub(crate) fn hold_all() {
    let owners = OWNERS.lock();
    for owner in all() {
        owner.state.hold();
    }
    owners.keep();
}

/// Undoes the larger part of [`hold_all`].
///
/// # Safety
///
/// This thread called [`hold_all`], has let go of nothing since, and still counts as forking.
pub(crate) unsafe fn let_go_heaps() {
    for owner in all() {
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

/// Lets go in a forked child of what the parent's janitor had of this.
///
/// # Safety
///
/// As for [`Lock::let_go_if_janitors`].
pub(crate) unsafe fn let_go_if_janitors() {
    // SAFETY: the caller's promise is the same.
    unsafe { OWNERS.let_go_if_janitors() };
    for owner in all() {
        // SAFETY: as above.
        unsafe { owner.state.let_go_if_janitors() };
    }
}

/// Makes all owners idle but `own`: whatever threads had adopted them are not there any more.
pub(crate) fn leave_all_but(own: Option<&'static Owner>) {
    let mut owners = OWNERS.lock();
    owners.idle = None;
    owners.hand = None;
    for owner in all_of_threads() {
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
    for owner in all() {
        owner.state.lock().add_to(&mut totals);
    }
    totals
}
