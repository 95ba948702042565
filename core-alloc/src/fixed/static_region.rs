//! Memory in a `static`, to be given to one heap.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;

use lock_api::{Mutex, RawMutex};

use super::locked::DefaultLock;

/// `N` bytes in a `static`, which one [`LockedHeap`](super::LockedHeap) may have as a region.
///
/// It takes no space in the program's image: the memory starts out uninitialised. `R` is the lock that sees to it that
/// only one heap gets the memory; it is the heap's own kind of lock.
///
/// ```
/// use mudlark_core_alloc::{LockedHeap, StaticRegion};
///
/// static MEMORY: StaticRegion<4096> = StaticRegion::new();
/// static HEAP: LockedHeap = LockedHeap::new();
///
/// assert!(HEAP.claim(&MEMORY).is_ok());
/// assert!(HEAP.claim(&MEMORY).is_err(), "it is taken");
/// ```
///
/// # Invariants
///
/// `memory` is reached by way of [`LockedHeap::claim`](super::LockedHeap::claim) and the like only, once.
#[repr(C, align(16))]
pub struct StaticRegion<const N: usize, R = DefaultLock> {
    memory: UnsafeCell<MaybeUninit<[u8; N]>>,
    claimed: Mutex<R, bool>,
}

// SAFETY: by the type's invariant, at most one owner ever gets to the memory.
unsafe impl<const N: usize, R: RawMutex + Sync> Sync for StaticRegion<N, R> {}

impl<const N: usize, R: RawMutex> StaticRegion<N, R> {
    /// Memory that no heap has yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is of use only in a static, where Default cannot be called")]
    pub const fn new() -> Self {
        Self { memory: UnsafeCell::new(MaybeUninit::uninit()), claimed: Mutex::new(false) }
    }
}

/// Memory that can be had once, whatever its size.
pub(super) trait Claim: Sync {
    /// The memory, to keep, the first time; `None` from then on.
    fn claim(&'static self) -> Option<(*mut u8, usize)>;
}

impl<const N: usize, R: RawMutex + Sync> Claim for StaticRegion<N, R> {
    fn claim(&'static self) -> Option<(*mut u8, usize)> {
        let was_claimed = core::mem::replace(&mut *self.claimed.lock(), true);
        (!was_claimed).then_some((self.memory.get().cast(), N))
    }
}

impl<const N: usize, R> fmt::Debug for StaticRegion<N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticRegion").field("size", &N).finish_non_exhaustive()
    }
}
