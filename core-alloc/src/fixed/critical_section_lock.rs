//! A lock for firmware: who holds it is not interrupted.

use core::cell::Cell;
use core::fmt;

use critical_section::RestoreState;
use lock_api::{GuardNoSend, RawMutex};

/// A lock that is a critical section, as the final program implements it (see the crate `critical-section`): on one core,
/// interrupts are off; on several, the others wait, too.
///
/// So interrupt handlers may use what it protects. They are held off for as long as one operation of a [`Heap`](super::Heap)
/// takes, which is bounded, but for the walks and copies that [the module](super) names.
///
/// ```
/// use mudlark_core_alloc::{CriticalSectionLock, LockedHeap, StaticRegion};
///
/// static MEMORY: StaticRegion<4096, CriticalSectionLock> = StaticRegion::new();
/// static HEAP: LockedHeap<CriticalSectionLock> = LockedHeap::with_region(&MEMORY);
/// assert_eq!(HEAP.stats().total, 4096);
/// ```
///
/// # Invariants
///
/// The cells are touched in a critical section only. `held` is set while the lock is held, and then `restore` ends its
/// critical section.
pub struct CriticalSectionLock {
    held: Cell<bool>,
    restore: Cell<RestoreState>,
}

// SAFETY: by the type's invariant, two never touch the cells at a time.
unsafe impl Sync for CriticalSectionLock {}

// SAFETY: only who sets `held` has the lock; that is one, by the type's invariant.
unsafe impl RawMutex for CriticalSectionLock {
    const INIT: Self = Self { held: Cell::new(false), restore: Cell::new(RestoreState::invalid()) };
    type GuardMarker = GuardNoSend;

    /// Panics when the holder itself asks: it would wait forever.
    #[inline]
    fn lock(&self) {
        assert!(self.try_lock(), "mudlark: a critical section would wait for itself");
    }

    #[inline]
    fn try_lock(&self) -> bool {
        // SAFETY: the critical section ends below or in `unlock`.
        let restore = unsafe { critical_section::acquire() };
        if self.held.replace(true) {
            // SAFETY: it ends what just began.
            unsafe { critical_section::release(restore) };
            return false;
        }
        self.restore.set(restore);
        true
    }

    #[inline]
    unsafe fn unlock(&self) {
        let restore = self.restore.get();
        self.held.set(false);
        // SAFETY: by the type's invariant, and the caller's, who has the lock.
        unsafe { critical_section::release(restore) };
    }
}

impl fmt::Debug for CriticalSectionLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CriticalSectionLock").finish_non_exhaustive()
    }
}
