//! The second processor, if there is one: it runs what the first one gives it.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// What the second processor has to do.
static TASK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// How far it is.
static STATE: AtomicU32 = AtomicU32::new(ABSENT);
const ABSENT: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;

/// Runs `task` on the second processor while `meanwhile` runs here, if `start` says that it has started one. `start` may ask
/// whether it runs.
pub(super) fn run(task: fn(), meanwhile: fn(), start: impl FnOnce(fn() -> bool) -> bool) -> bool {
    TASK.store(task as *mut (), Ordering::Release);
    if !start(|| STATE.load(Ordering::Acquire) != ABSENT) {
        return false;
    }
    meanwhile();
    while STATE.load(Ordering::Acquire) != DONE {
        core::hint::spin_loop();
    }
    true
}

/// What the second processor does, on a stack of its own.
pub(super) fn work() -> ! {
    STATE.store(RUNNING, Ordering::Release);
    let task = TASK.load(Ordering::Acquire);
    // SAFETY: `run` has stored a function.
    let task: fn() = unsafe { core::mem::transmute(task) };
    task();
    STATE.store(DONE, Ordering::Release);
    loop {
        core::hint::spin_loop();
    }
}
