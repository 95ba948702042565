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
/// The cell is touched in a critical section only. While the lock is held, it has what ends the holder's critical section.
pub struct CriticalSectionLock {
    held: Cell<Option<RestoreState>>,
}

// SAFETY: by the type's invariant, two never touch the cell at a time.
unsafe impl Sync for CriticalSectionLock {}

// SAFETY: only who fills `held` has the lock; that is one, by the type's invariant.
unsafe impl RawMutex for CriticalSectionLock {
    const INIT: Self = Self { held: Cell::new(None) };
    type GuardMarker = GuardNoSend;

    /// Panics when the holder itself asks: it would wait forever.
    #[inline(always)]
    fn lock(&self) {
        assert!(self.try_lock(), "mudlark: a critical section would wait for itself");
    }

    #[inline(always)]
    fn try_lock(&self) -> bool {
        // SAFETY: the critical section ends below or in `unlock`.
        let restore = unsafe { critical_section::acquire() };
        if self.held.get().is_some() {
            // SAFETY: it ends what just began.
            unsafe { critical_section::release(restore) };
            return false;
        }
        self.held.set(Some(restore));
        true
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        let held = self.held.take();
        // SAFETY: by the type's invariant, and the caller's, who has the lock.
        let restore = unsafe { held.unwrap_unchecked() };
        // SAFETY: likewise.
        unsafe { critical_section::release(restore) };
    }
}

impl fmt::Debug for CriticalSectionLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CriticalSectionLock").finish_non_exhaustive()
    }
}
