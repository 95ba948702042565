//! A lock for those who know that there is only one core.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering, compiler_fence};

use lock_api::{GuardNoSend, RawMutex};

/// The promise that a [`SingleCoreLock`] relies on.
///
/// # Safety
///
/// What uses a lock of this type runs on one core, always the same, and is only interrupted by what returns before it goes
/// on: interrupt handlers do so, threads of a preemptive scheduler do not.
pub unsafe trait SingleCore {}

/// A lock that is a flag: it neither masks interrupts nor needs compare-and-swap, and takes four instructions.
///
/// Of those that share it, one can find it taken just when it interrupted the holder. So nobody can wait for it: `lock` panics
/// then. It serves heaps that interrupt handlers do not use, and an [`InterruptHeap`](super::InterruptHeap), which they may use.
///
/// ```
/// use mudlark_core_alloc::{LockedHeap, SingleCore, SingleCoreLock, StaticRegion};
///
/// struct ThisChip;
///
/// // SAFETY: it has one core, and the firmware has no threads.
/// unsafe impl SingleCore for ThisChip {}
///
/// static MEMORY: StaticRegion<4096, SingleCoreLock<ThisChip>> = StaticRegion::new();
/// static HEAP: LockedHeap<SingleCoreLock<ThisChip>> = LockedHeap::with_region(&MEMORY);
/// assert_eq!(HEAP.stats().total, 4096);
/// ```
pub struct SingleCoreLock<P> {
    held: AtomicBool,
    promise: PhantomData<fn() -> P>,
}

// SAFETY: by the promise of `P`, whoever comes between the look at the flag and the store has unlocked again before the store;
// so only one has the lock. The fences keep what is done with the lock in between, which is enough on one core.
unsafe impl<P: SingleCore> RawMutex for SingleCoreLock<P> {
    const INIT: Self = Self { held: AtomicBool::new(false), promise: PhantomData };
    type GuardMarker = GuardNoSend;

    /// Panics when it is held: the holder is interrupted, and cannot go on before this returns.
    #[inline]
    fn lock(&self) {
        assert!(self.try_lock(), "mudlark: an interrupt handler would wait for what it interrupted");
    }

    #[inline]
    fn try_lock(&self) -> bool {
        if self.held.load(Ordering::Relaxed) {
            return false;
        }
        self.held.store(true, Ordering::Relaxed);
        compiler_fence(Ordering::Acquire);
        true
    }

    #[inline]
    unsafe fn unlock(&self) {
        compiler_fence(Ordering::Release);
        self.held.store(false, Ordering::Relaxed);
    }
}

impl<P> fmt::Debug for SingleCoreLock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleCoreLock").finish_non_exhaustive()
    }
}
