//! A thread that forks takes the engine's lock, so that the child finds the engine whole.

use core::mem;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::ENGINE;
use crate::thread::Recording;

/// The number of threads that fork.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// Whether one of them has the lock for that.
static HELD: AtomicBool = AtomicBool::new(false);

pub(super) fn is_under_way() -> bool {
    FORKS.load(Ordering::Relaxed) > 0
}

pub(crate) fn before() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    // If this thread has the lock already, a signal handler forks: then it keeps it.
    if let Some(recording) = Recording::lock() {
        mem::forget(recording);
        mem::forget(ENGINE.lock());
        HELD.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn after(is_child: bool) {
    // Other threads that were about to fork are not in the child.
    if is_child {
        FORKS.store(0, Ordering::Relaxed);
    } else {
        FORKS.fetch_sub(1, Ordering::Relaxed);
    }
    if !HELD.swap(false, Ordering::Relaxed) {
        return;
    }
    // SAFETY: `before` has locked it and forgotten the guard, in this thread.
    let mut engine = unsafe { ENGINE.make_guard_unchecked() };
    if is_child {
        engine.begin_anew();
    }
    drop(engine);
    Recording::end_forgotten();
}
