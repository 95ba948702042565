//! A duty: work that piles up, and at most one worker, who is called when there is enough of it and leaves when there is
//! none. No call is lost between the two.
//!
//! ```text
//!   vacant ──call──▶ called ──take up──▶ taken
//!      ▲                                   │
//!      └────────────lay down───────────────┘   unless there is work again
//! ```
//!
//! Who adds work and then looks for the worker, and the worker who leaves and then looks for work, do so from opposite
//! sides: as in Dekker's algorithm, a fence between the two steps of each sees to it that at least one of them finds the
//! other's. A loom model (`tests/loom_duty.rs`) compiles this file with atomics of its own.

use super::sync::{AtomicU8, AtomicUsize, Ordering, fence};

/// A duty and its work. The worker is whoever has called [`take_up`](Self::take_up) with success, until it
/// [lays](Self::lay_down) the duty down.
pub(crate) struct Duty {
    /// One of the states below.
    pub(super) state: AtomicU8,
    /// How much has been added since the worker has last taken note.
    pub(super) work: AtomicUsize,
}

/// There is no worker.
pub(super) const VACANT: u8 = 0;
/// Somebody is to become the worker.
const CALLED: u8 = 1;
/// There is one.
pub(super) const TAKEN: u8 = 2;

// Relaxed throughout, since nothing but these two values is at stake; where they have to be in order, a fence says so.
impl Duty {
    /// Adds so much work, and returns how much there is.
    pub(crate) fn add(&self, more: usize) -> usize {
        let work = self.work.fetch_add(more, Ordering::Relaxed) + more;
        // Pairs with the fence in `lay_down`.
        fence(Ordering::SeqCst);
        work
    }

    /// How much work there is.
    pub(crate) fn work(&self) -> usize {
        self.work.load(Ordering::Relaxed)
    }

    /// The worker is about to do all work that there is.
    pub(crate) fn take_note(&self) {
        self.work.store(0, Ordering::Relaxed);
    }

    /// Calls for a worker, if there is none.
    pub(crate) fn call(&self) {
        if self.state.load(Ordering::Relaxed) == VACANT {
            // A failure means that another thread was faster.
            let _ = self.state.compare_exchange(VACANT, CALLED, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether somebody is to become the worker.
    #[inline]
    pub(crate) fn is_called(&self) -> bool {
        self.state.load(Ordering::Relaxed) == CALLED
    }

    /// Makes the caller the worker, if one was called for and nobody else is faster.
    pub(crate) fn take_up(&self) -> bool {
        self.state.compare_exchange(CALLED, TAKEN, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Makes this a duty that nobody has and nobody was called for.
    pub(crate) fn vacate(&self) {
        self.state.store(VACANT, Ordering::Relaxed);
    }

    /// Lets the worker go, unless somebody calls: be it `look`, which looks for work once more. Returns whether the
    /// worker may go.
    pub(crate) fn lay_down(&self, look: impl FnOnce(&Self)) -> bool {
        self.vacate();
        // Pairs with the fence in `add`.
        fence(Ordering::SeqCst);
        look(self);
        !self.take_up()
    }
}
