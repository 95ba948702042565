//! A thread's cache: its bins, and where to turn when they are empty or full.
//!
//! A request and a free touch nothing but a bin, whoever owns the block's page. Only what a bin cannot do goes to the
//! thread's owner, a magazine of blocks at a time. But a thread begins as a *guest* of the shared owner, and fills its first
//! bins with a handful of blocks from there: many threads never need more, and then cost no pages of their own.
//!
//! A slow path ends with a look whether a janitor is to be started: that may itself allocate and free, so it comes when the
//! bins are in order again, and nowhere below.

use core::cell::Cell;
use core::ptr::NonNull;

use super::bins::{Bins, magazine};
use super::block::FreeBlock;
use super::fork;
use super::front;
use super::janitor;
use super::lock::LockCount;
#[cfg(feature = "malloc")]
use super::mark::Mark;
use super::owner::{self, Owner};
use super::owners;
use crate::SizeClass;

/// The blocks that a thread keeps for itself.
///
/// # Invariants
///
/// Unless the thread is a guest or has an owner, its bins are closed: only then its end is arranged for. All zero bytes are
/// a new cache.
pub(crate) struct Cache {
    bins: Bins,
    ownership: Cell<Ownership>,
    /// The class whose bin is looked at next, by [`Cache::flush_a_rested_bin`].
    hand: Cell<u8>,
    /// How many locks the thread has or waits for.
    locks: LockCount,
}

const _: () = assert!(size_of::<Cache>() <= 1600, "thread-local memory comes out of every thread's stack");

/// Whether the thread has an owner of its own. All zero bytes are the first of these.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Ownership {
    /// The first request will see to it, or a free after as many.
    Pending(u8),
    /// It is about to become a guest, or to end; the shared owner serves it, a block at a time.
    Without,
    /// The shared owner fills its bins, and has done so as many times.
    Guest(u8),
    /// This one.
    Adopted(&'static Owner),
}

/// So many blocks a thread frees at most before anything is arranged for it: a thread that never had any may be about to
/// end, past the moment at which it would hear of that, and free what the system had for it. In its bins that would be
/// lost.
const FAREWELLS: u8 = 16;

/// So many times a guest's bins are filled; then an owner is made for the thread. One that is there already it gets the
/// second time: a thread that ends soon has the warm blocks of the one before, and no new pages.
const VISITS: u8 = 4;

impl Cache {
    pub(crate) const fn new() -> Self {
        Self {
            bins: Bins::new(),
            ownership: Cell::new(Ownership::Pending(0)),
            hand: Cell::new(0),
            locks: LockCount::new(),
        }
    }

    /// A block of `class` for a request of `size` bytes; `None` when there is no memory.
    #[inline]
    pub(crate) fn allocate(&self, class: SizeClass, size: usize) -> Option<NonNull<u8>> {
        match self.bins.pop(class) {
            None => self.refill(class, size),
            block => block,
        }
    }

    /// A block of `class`, if one is loaded.
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) fn take_at_hand(&self, class: SizeClass) -> Option<NonNull<u8>> {
        self.bins.pop(class)
    }

    /// Takes back a block of `class`.
    #[inline]
    pub(crate) fn free(&self, class: SizeClass, block: FreeBlock) {
        if let Some(block) = self.bins.push(class, block) {
            self.free_without_room(class, block);
        }
    }

    /// Takes back the block at `start`, whose page is marked so, if its magazine has room. Returns whether that is done.
    ///
    /// # Safety
    ///
    /// As for [`Bins::push_marked`].
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) unsafe fn free_at_hand(&self, mark: Mark, start: *mut u8) -> bool {
        // SAFETY: the caller's promise is the same.
        unsafe { self.bins.push_marked(mark, start) }
    }

    /// The same where a C program frees, which may be the C library and have locks of its own.
    #[cfg(feature = "malloc")]
    #[inline]
    pub(crate) fn free_for_c(&self, class: SizeClass, block: FreeBlock) {
        if let Some(block) = self.bins.push(class, block) {
            self.free_for_c_without_room(class, block);
        }
    }

    /// Loads the empty bin, and takes a block of it.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: SizeClass, size: usize) -> Option<NonNull<u8>> {
        if !self.is_arranged() {
            return owner::take_shared(class).map(FreeBlock::into_raw);
        }
        if let Some(spare) = self.bins.take_spare(class) {
            self.bins.load(class, spare.into_batch(magazine(class)));
            return self.bins.pop(class);
        }
        let blocks = match self.owner() {
            // He may just be adopted, and have come with full bins.
            Some(_) if !self.bins.is_empty(class) => return self.bins.pop(class),
            Some(owner) => owner.take(class, size),
            None => owner::take_as_guest(class, size),
        };
        if blocks.len > 0 {
            self.bins.load(class, blocks);
        }
        let block = self.bins.pop(class);
        self.flush_a_rested_bin();
        janitor::catch_up();
        block
    }

    #[cold]
    #[inline(never)]
    fn free_without_room(&self, class: SizeClass, block: FreeBlock) {
        self.free_making_room(class, block);
        janitor::catch_up();
    }

    #[cfg(feature = "malloc")]
    #[cold]
    #[inline(never)]
    fn free_for_c_without_room(&self, class: SizeClass, block: FreeBlock) {
        self.free_making_room(class, block);
        janitor::catch_up_after_c();
    }

    /// Makes room in the bin, which has been found without, and puts `block` there.
    fn free_making_room(&self, class: SizeClass, block: FreeBlock) {
        if self.is_rare_visitor() || !self.is_arranged() {
            self.bins.keep_closed(class);
            return owner::send_home(class, &block.into_list());
        }
        if self.bins.is_closed(class) {
            self.bins.open(class);
        } else if self.bins.is_full(class) {
            self.flush(class);
        }
        self.bins.push(class, block);
        self.flush_a_rested_bin();
    }

    /// Makes the full magazine the spare one, and stores the spare one in a depot.
    ///
    /// If no depot takes it, it is the full one whose blocks go home: to walk them is to read each, and these were
    /// freed last, so they are still in the processor's caches.
    fn flush(&self, class: SizeClass) {
        let full = self.bins.unload(class);
        let Some(spare) = self.bins.take_spare(class) else { return self.bins.put_spare(class, full) };
        match owner::store(class, spare) {
            None => self.bins.put_spare(class, full),
            Some(spare) => {
                self.bins.put_spare(class, spare);
                owner::send_home(class, &full);
            }
        }
    }

    /// Sends the blocks of a class home that the thread seems to have no use for any more: a program's needs change, and
    /// what it needed once shall not stay in its caches for ever. Each call looks at another class.
    fn flush_a_rested_bin(&self) {
        let hand = self.hand.get();
        self.hand.set(hand + 1);
        match SizeClass::from_index(hand.into()) {
            Some(class) if self.bins.has_rested(class) => self.flush_bin(class),
            Some(_) => {}
            None => self.hand.set(0),
        }
    }

    /// Sends all blocks home.
    pub(crate) fn flush_all(&self) {
        SizeClass::all().for_each(|class| self.flush_bin(class));
    }

    fn flush_bin(&self, class: SizeClass) {
        while let Some(blocks) = self.bins.take_any(class) {
            owner::send_home(class, &blocks.list);
        }
    }

    /// Ends the cache with its thread: its bins go to its owner, and the owner to the next thread.
    pub(crate) fn end(&self) {
        match self.ownership.replace(Ownership::Without) {
            Ownership::Adopted(owner) => owners::retire(owner, &self.bins),
            Ownership::Guest(_) => self.flush_all(),
            Ownership::Pending(_) | Ownership::Without => return,
        }
        janitor::catch_up();
    }

    /// The number of blocks of `class` in the cache.
    pub(crate) fn blocks(&self, class: SizeClass) -> usize {
        self.bins.blocks(class)
    }

    /// How many locks the thread has or waits for.
    pub(crate) const fn locks(&self) -> &LockCount {
        &self.locks
    }

    /// The thread's owner, if it has one by now.
    pub(crate) fn adopted(&self) -> Option<&'static Owner> {
        match self.ownership.get() {
            Ownership::Adopted(owner) => Some(owner),
            Ownership::Pending(_) | Ownership::Without | Ownership::Guest(_) => None,
        }
    }

    /// The thread's owner, for a refill: one is adopted when the thread has been a guest before. `None` while it is one.
    fn owner(&self) -> Option<&'static Owner> {
        match self.ownership.get() {
            Ownership::Guest(visits) => self.adopt_owner(visits),
            Ownership::Pending(_) | Ownership::Without | Ownership::Adopted(_) => self.adopted(),
        }
    }

    /// Adopts an owner, and takes over the bins that he comes with, if there is one for a guest who has come so often.
    #[cold]
    fn adopt_owner(&self, visits: u8) -> Option<&'static Owner> {
        let owner = match visits {
            0 if owners::are_any() => None,
            1..VISITS if owners::are_any() => owners::take_idle(),
            _ => owners::take_idle().or_else(owners::make),
        };
        let Some(owner) = owner else {
            self.ownership.set(Ownership::Guest(visits.saturating_add(1)));
            return None;
        };
        self.flush_all();
        owner.unpark(&self.bins);
        self.ownership.set(Ownership::Adopted(owner));
        Some(owner)
    }

    /// Whether the thread's end is arranged for, which is seen to now if it is not too late.
    fn is_arranged(&self) -> bool {
        match self.ownership.get() {
            Ownership::Guest(_) | Ownership::Adopted(_) => true,
            Ownership::Without => false,
            Ownership::Pending(_) => self.arrange_end(),
        }
    }

    /// Whether the thread has only freed yet, and no more than a few blocks; this one counts.
    fn is_rare_visitor(&self) -> bool {
        match self.ownership.get() {
            Ownership::Pending(frees) if frees < FAREWELLS => {
                self.ownership.set(Ownership::Pending(frees + 1));
                true
            }
            _ => false,
        }
    }

    /// Sees to it that forks are arranged for, as for a thread that has an owner.
    ///
    /// May allocate and free, as below.
    pub(crate) fn arrange_forks(&self) {
        let before = self.ownership.get();
        if let Ownership::Pending(_) = before {
            self.ownership.set(Ownership::Without);
            fork::arrange();
            self.ownership.set(before);
        }
    }

    /// Arranges for the thread's end and for forks, and only then makes it a guest.
    ///
    /// The arrangements may themselves allocate and free; they find closed bins, and no lock taken.
    #[cold]
    fn arrange_end(&self) -> bool {
        self.ownership.set(Ownership::Without);
        fork::arrange();
        let arranged = front::arm();
        if arranged {
            self.ownership.set(Ownership::Guest(0));
        }
        arranged
    }
}
