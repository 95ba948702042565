//! A process that forks: the child has one thread, and copies of locks that others may have held.
//!
//! So the thread that forks takes all locks before, in their usual order, and parent and child let go of them after.
//! What was in the caches of the parent's other threads stays unused in the child.

use core::sync::atomic::{AtomicBool, Ordering};

use super::owner;
use super::regions;
use super::source;

/// Makes sure that forks happen while no other thread holds a lock.
///
/// May allocate and free, and is called with no lock held.
pub(crate) fn arrange() {
    static ARRANGED: AtomicBool = AtomicBool::new(false);
    // Relaxed: it only matters that one thread does it.
    if !ARRANGED.swap(true, Ordering::Relaxed) {
        source::around_fork(before, after);
    }
}

extern "C" fn before() {
    owner::hold_all();
    regions::hold();
}

extern "C" fn after() {
    // SAFETY: the thread that forks, which is the child's one as well, has just called `before`.
    unsafe { regions::let_go() };
    // SAFETY: as above.
    unsafe { owner::let_go_all() };
}
