//! A thread that forks takes the engine's lock, so that the child finds the engine whole.
//!
//! It cannot if a signal handler forks, which has interrupted the thread at the engine, or at waiting for it; and it does not know
//! of a fork that asks the system directly, by `_Fork` or `clone`. Then the child is *astray*: it has its parent's log, and writes
//! nothing until it comes to the engine again, and begins a log of its own. If another thread was at the engine, which the child
//! has not, it never does.

#[cfg(target_os = "linux")]
mod mark;
#[cfg(not(target_os = "linux"))]
#[path = "forking/no_mark.rs"]
mod mark;

use core::cell::Cell;
use core::mem;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::ENGINE;
use crate::thread::{self, Activity};

/// The number of threads that fork.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// Whether a fork was seen to make a child that has not parted with its parent's log.
static ASTRAY: AtomicBool = AtomicBool::new(false);

/// Whether this is a forked child.
static IS_CHILD: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// What this thread did before it took the lock in order to fork.
    static HOLDS: Cell<Option<Activity>> = const { Cell::new(None) };
}

/// Sees to it that children are known. May allocate.
pub(super) fn prepare() {
    // In a child that has not parted with its parent, the mark is missing for a reason.
    if !mark::is_gone() {
        mark::set();
    }
}

pub(super) fn is_under_way() -> bool {
    FORKS.load(Ordering::Relaxed) > 0
}

/// Whether this is a forked child. Some other thread of its parent may have been in the midst of the dynamic loader, whose lock
/// nobody unlocks in the child then.
pub(super) fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// Whether what is collected is the parent's.
pub(crate) fn is_astray() -> bool {
    ASTRAY.load(Ordering::Relaxed) || mark::is_gone()
}

/// Whether it was until now. The caller has the lock.
pub(super) fn forgets_parent() -> bool {
    let was_astray = is_astray();
    if was_astray {
        ASTRAY.store(false, Ordering::Relaxed);
        IS_CHILD.store(true, Ordering::Relaxed);
        FORKS.store(0, Ordering::Relaxed);
        mark::set();
    }
    was_astray
}

pub(crate) fn before() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    // If this thread has the lock already, or waits for it, a signal handler forks: that must not wait.
    let Some(activity) = thread::begin_lock() else { return };
    match super::lock() {
        Some(engine) => {
            mem::forget(engine);
            HOLDS.set(Some(activity));
        }
        None => thread::end_lock(activity),
    }
}

pub(crate) fn after(is_child: bool) {
    // Other threads that were about to fork are not in the child.
    if is_child {
        IS_CHILD.store(true, Ordering::Relaxed);
        FORKS.store(0, Ordering::Relaxed);
    } else {
        FORKS.fetch_sub(1, Ordering::Relaxed);
    }
    if let Some(activity) = HOLDS.take() {
        let_go(is_child);
        thread::end_lock(activity);
    } else if is_child {
        ASTRAY.store(true, Ordering::Relaxed);
    }
}

/// Unlocks the engine again.
fn let_go(is_child: bool) {
    // SAFETY: `before` has locked it and forgotten the guard, in this thread.
    let mut engine = unsafe { ENGINE.make_guard_unchecked() };
    if is_child {
        ASTRAY.store(true, Ordering::Relaxed);
        engine.part_with_parent();
    }
}
