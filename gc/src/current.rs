//! Each thread's own collector, for [`Gc::new`](crate::Gc::new).
//!
//! What is read each time is a plain pointer without a destructor, which costs one load. Who owns the collector is a
//! second thread-local value, made when the first is found empty.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;

use crate::collector::Collector;
use crate::state::{State, StateRef};

std::thread_local! {
    /// The state of this thread's own collector, while that is in being.
    static STATE: Cell<Option<NonNull<State>>> = const { Cell::new(None) };
    static OWN: ThreadsOwn = ThreadsOwn::new();
}

/// The state of this thread's own collector, which is in being at least until the caller's thread ends; `None` when
/// there is none yet, or no longer.
#[inline]
pub(crate) fn get() -> Option<NonNull<State>> {
    STATE.get()
}

/// The thread's own collector; while the thread's local storage is being destroyed, a new one each time.
pub(crate) fn collector() -> Collector {
    OWN.try_with(|own| own.collector.clone()).ok().flatten().unwrap_or_default()
}

/// A thread's own collector. Its last collection runs when the thread ends, where a panic would end the program.
struct ThreadsOwn {
    collector: Option<Collector>,
}

impl ThreadsOwn {
    fn new() -> Self {
        let collector = Collector::new();
        STATE.set(Some(StateRef::pointer(collector.state())));
        Self { collector: Some(collector) }
    }
}

impl Drop for ThreadsOwn {
    fn drop(&mut self) {
        STATE.set(None);
        let collector = self.collector.take();
        // The panic's message has been printed; there is nobody to pass it on to.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| drop(collector)));
    }
}
