//! The janitor stands still while a signal handler forks.
//!
//! A handler may [fork](super::fork) while the thread that it has interrupted has locks, so it cannot take the janitor's from
//! him, as other forks do. But the child has copies of these, and no janitor who would ever let go of them. So the handler
//! waits until what they guard is whole, and has the janitor wait until it has forked:
//!
//! ```text
//!   handler:   wants him to stand still ─▶ waits while he is at work ─▶ forks, and the child lets go of his locks
//!   janitor:   is about to lock ─▶ waits while he is to stand still ─▶ is at work ─▶ has no lock, or is about to lock more
//! ```
//!
//! The janitor locks one thing while he has another only where that other is whole. He waits for a lock as he stands still,
//! since it may be the interrupted thread that has it. A loom model (`tests/loom_standstill.rs`) compiles this file with
//! atomics of its own.

use super::sync::{AtomicUsize, Ordering, fence};

/// Whether somebody works who can be made to stand still.
pub(crate) struct Standstill {
    /// The number of those who want him to.
    pub(super) requests: AtomicUsize,
    /// One while he may be changing something, else zero.
    pub(super) at_work: AtomicUsize,
}

// Who wants him to stand still and then looks for him, and the worker who begins and then looks for requests, do so from
// opposite sides: as in Dekker's algorithm, a fence between the two steps of each sees to it that at least one finds the other.
impl Standstill {
    /// Begins to work. Returns whether that is so: not if he is to stand still, which he does then.
    pub(crate) fn try_work(&self) -> bool {
        self.at_work.store(1, Ordering::Relaxed);
        // Pairs with the fence in `request`.
        fence(Ordering::SeqCst);
        // Acquire: pairs with the Release in `release`, so what is changed now is not what was looked at.
        let may_work = self.requests.load(Ordering::Acquire) == 0;
        if !may_work {
            self.rest();
        }
        may_work
    }

    /// He changes nothing any more. What he has changed is seen by who finds that out.
    pub(crate) fn rest(&self) {
        // Release: pairs with the Acquire in `is_granted`.
        self.at_work.store(0, Ordering::Release);
    }

    /// Has him stand still until [`release`](Self::release); when he does so, it is [granted](Self::is_granted).
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `try_work`.
        fence(Ordering::SeqCst);
    }

    /// Whether he stands still.
    pub(crate) fn is_granted(&self) -> bool {
        // Acquire: pairs with the Release in `rest`.
        self.at_work.load(Ordering::Acquire) == 0
    }

    /// Undoes [`request`](Self::request), if that has not been [forgotten](Self::forget).
    pub(crate) fn release(&self) {
        let less = |requests: usize| requests.checked_sub(1);
        // A failure means that there was none.
        let _ = self.requests.fetch_update(Ordering::Release, Ordering::Relaxed, less);
    }

    /// There is nobody who works, and nobody who wants him to stand still.
    pub(crate) fn forget(&self) {
        self.rest();
        self.requests.store(0, Ordering::Relaxed);
    }
}
