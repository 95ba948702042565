//! The one kind of lock, and the order in which locks are taken.
//!
//! A lock is held for the time of a refill or a flush, never while the program's own code runs. A std mutex may
//! allocate on some systems, so this spins, and yields to the system when it does.
//!
//! The order, which keeps threads from waiting for each other in a circle:
//!
//! ```text
//!   the list of owners  ─▶  one owner's heap  ─▶  the regions
//! ```
//!
//! A thread that holds one may take those to its right; nobody holds the heaps of two owners, but who forks: it holds all.

use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::RelaxStrategy;

/// A short lock around a `T`.
pub(crate) type Lock<T> = SpinMutex<T, YieldToOs>;

/// The right to use what a [`Lock`] guards.
pub(crate) type Guard<'a, T> = SpinMutexGuard<'a, T, YieldToOs>;

/// Waiting by letting others run: the holder may be a thread that the system has put aside.
pub(crate) struct YieldToOs;

impl RelaxStrategy for YieldToOs {
    fn relax() {
        std::thread::yield_now();
    }
}
