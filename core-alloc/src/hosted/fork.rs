//! A process that forks: the child has one thread, and copies of locks that others may have held.
//!
//! So the thread that forks takes all locks before, in their usual order, and parent and child let go of them after.
//! Between the two it may allocate as ever (other fork handlers of the program do), because its locks let it in: see
//! [`Lock`](super::lock::Lock). All other threads wait.
//!
//! In the child, the heaps of the parent's other threads become idle. What was in the caches of these threads stays
//! unused there. The janitor is such a thread, too; the child gets one of its own when it needs it.
//!
//! A signal handler may fork while the thread that it has interrupted is in the allocator, and has locks. To take the others
//! would be to wait for threads that may wait for this one, so none are taken; parent and child have those that the thread
//! had, until it goes on. In the child of a process with other threads, the allocator may not be used then, as POSIX says of
//! all that is not async-signal-safe; but the janitor does not count as one of these threads.
//!
//! None of this is done for `vfork` and for processes cloned by a system call of the program's own; these may not
//! allocate in the child.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::front;
use super::janitor;
use super::lock;
use super::owners;
use super::regions;
use super::source;

/// How far the arrangement is: nobody has begun, it is made, or a thread of the process with a certain number is at it. (A
/// child may inherit that a thread of its parent was at it, who is not there any more.)
static ARRANGEMENT: AtomicUsize = AtomicUsize::new(TO_DO);
const TO_DO: usize = 0;
const MADE: usize = 1;

/// The mark of the thread that holds all locks, since it is about to fork or has just done so; else [`NOBODY`].
static FORKING: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = 0;

/// Makes sure that forks happen while no other thread holds a lock.
///
/// May allocate and free, and is called with no lock held.
pub(crate) fn arrange() {
    begin_arrangement();
    // This thread's own fork must not come before that of another thread has been heard of.
    lock::wait_until(is_arranged);
}

/// Makes the arrangement, unless somebody has begun to: this thread, perhaps, which comes here again because that
/// allocates. Returns whether it is made.
pub(crate) fn begin_arrangement() -> bool {
    let begun_here = (std::process::id() as usize) << 1;
    // Relaxed: whoever begins learns nothing from those before.
    let state = ARRANGEMENT.load(Ordering::Relaxed);
    let somebody_has_begun = state == MADE || state == begun_here;
    if !somebody_has_begun
        && ARRANGEMENT.compare_exchange(state, begun_here, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    {
        source::around_fork(before, after_in_parent, after_in_child);
        ARRANGEMENT.store(MADE, Ordering::Release);
    }
    is_arranged()
}

/// Whether the arrangement is made.
pub(crate) fn is_arranged() -> bool {
    // Acquire: pairs with the Release above, so who finds the arrangement made may rely on it.
    ARRANGEMENT.load(Ordering::Acquire) == MADE
}

/// Whether it is this thread that holds all locks.
pub(crate) fn is_forking() -> bool {
    // Relaxed: a thread finds its own mark here only if it put it there itself.
    let forking = FORKING.load(Ordering::Relaxed);
    forking != NOBODY && forking == front::mark()
}

/// Whether a fork is a signal handler's that has interrupted the allocator, or another fork, on this thread: the thread has
/// other locks than the one that each fork counts as.
fn is_interruption() -> bool {
    front::with_cache(|cache| cache.locks().get() > 1)
}

extern "C" fn before() {
    front::with_cache(|cache| cache.locks().increment());
    if !is_interruption() {
        hold();
    }
}

extern "C" fn after_in_parent() {
    if !is_interruption() {
        let_go();
        source::let_go_streams();
    }
    front::with_cache(|cache| cache.locks().decrement());
}

extern "C" fn after_in_child() {
    if is_interruption() {
        janitor::forget_with_pass();
    } else {
        // Still with all locks: only this thread knows which owner is its own.
        owners::leave_all_but(front::with_cache(|cache| cache.adopted()));
        janitor::forget();
        let_go();
        source::free_streams();
    }
    front::with_cache(|cache| cache.locks().decrement());
}

fn hold() {
    source::hold_streams();
    janitor::hold();
    owners::hold_all();
    regions::hold();
    // Relaxed: see `is_forking`.
    FORKING.store(front::mark(), Ordering::Relaxed);
}

fn let_go() {
    // SAFETY: the thread that forks, which is the child's one as well, has called `hold`.
    unsafe { regions::let_go() };
    // SAFETY: as above.
    unsafe { owners::let_go_heaps() };
    // Now, since the next fork may get all locks once the rest is free.
    FORKING.store(NOBODY, Ordering::Relaxed);
    // SAFETY: as above.
    unsafe { owners::let_go_list() };
    // SAFETY: as above.
    unsafe { janitor::let_go() };
}
