//! A few blocks laid by for those who find the heap locked.
//!
//! ```text
//!   │ taken │ block │ block │ block │
//!       ▲
//!   taken from this end, filled from the other: while the first place has a block, none is missing
//! ```
//!
//! Each place is emptied by one exchange, so that no two get the same block, however they interrupt each other. A loom model
//! (`tests/loom_deferred.rs`) compiles this file with atomics of its own.

use core::ptr::{self, NonNull};

use super::sync::{AtomicPtr, Ordering};

/// Up to `N` blocks.
pub(super) struct Reserve<const N: usize> {
    pub(super) places: [AtomicPtr<u8>; N],
}

impl<const N: usize> Reserve<N> {
    /// Whether a block is missing. (One may be for a while without this: when the first place was filled just while another
    /// one was emptied.)
    #[inline(always)]
    pub(super) fn is_short(&self) -> bool {
        self.places.first().is_some_and(|place| place.load(Ordering::Relaxed).is_null())
    }

    /// Whether all places have a block. Looks at each.
    pub(super) fn is_full(&self) -> bool {
        self.places.iter().all(|place| !place.load(Ordering::Relaxed).is_null())
    }

    /// A block, if there is one. Looks at each place once.
    pub(super) fn take(&self) -> Option<NonNull<u8>> {
        let full = self.places.iter().filter(|place| !place.load(Ordering::Relaxed).is_null());
        // Acquire: the block's former users, of whom who put it here knew, are done with it.
        full.map(|place| place.swap(ptr::null_mut(), Ordering::Acquire)).find_map(NonNull::new)
    }

    /// Lays a block by; `false` when there is no place for it, and then it stays the caller's. To be called by one at a time:
    /// of two, one's block may be lost.
    #[must_use]
    pub(super) fn put(&self, block: NonNull<u8>) -> bool {
        let Some(place) = self.places.iter().rev().find(|place| place.load(Ordering::Relaxed).is_null()) else {
            return false;
        };
        // Release: for `take`. An exchange, as all changes are, so that they come one after the other.
        let before = place.swap(block.as_ptr(), Ordering::Release);
        debug_assert!(before.is_null(), "two filled the reserve at a time");
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_be_missing_behind_the_first_place() {
        let block = NonNull::<u64>::dangling().cast();
        let reserve = Reserve { places: [AtomicPtr::new(block.as_ptr()), AtomicPtr::new(ptr::null_mut())] };
        assert!(!reserve.is_short(), "it was emptied while the first place was filled");
        assert!(!reserve.is_full());
        assert!(reserve.put(block));
        assert!(reserve.is_full());
    }
}
