//! Interrupt handlers, played by the thread that they interrupt.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

/// A lock that is held when a test says so: then its thread plays the handler that interrupted the holder.
pub(crate) struct Interrupted {
    held: AtomicBool,
}

thread_local! {
    static INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: `held` is set exactly while the lock is held.
unsafe impl lock_api::RawMutex for Interrupted {
    const INIT: Self = Self { held: AtomicBool::new(false) };
    type GuardMarker = lock_api::GuardNoSend;

    fn lock(&self) {
        assert!(self.try_lock(), "a handler would wait");
    }

    fn try_lock(&self) -> bool {
        !INTERRUPTED.get() && !self.held.swap(true, Ordering::Acquire)
    }

    unsafe fn unlock(&self) {
        self.held.store(false, Ordering::Release);
    }
}

/// What a handler does that interrupts a call of the heap.
pub(crate) fn in_a_handler<T>(work: impl FnOnce() -> T) -> T {
    INTERRUPTED.set(true);
    let result = work();
    INTERRUPTED.set(false);
    result
}

pub(crate) fn alloc(heap: &impl GlobalAlloc, layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: no layout here is empty.
    NonNull::new(unsafe { heap.alloc(layout) })
}

pub(crate) fn free(heap: &impl GlobalAlloc, block: NonNull<u8>, layout: Layout) {
    // SAFETY: the tests free what they allocated, once.
    unsafe { heap.dealloc(block.as_ptr(), layout) };
}
