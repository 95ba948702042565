//! A heap's regions, as those see them who do not have its lock.

use core::ptr::{self, NonNull};

use super::region::Region;
use super::region_layout::Header;
use super::sync::{AtomicPtr, Ordering};

/// The regions of a heap, to look up in what memory a block lies.
///
/// What a region says about its place does not change from when it is added, and regions stay. So nobody need wait to read it.
///
/// # Invariants
///
/// The newest region of a heap, or of an earlier time; or null when it had none.
pub(super) struct RegionList {
    newest: AtomicPtr<Header>,
}

impl RegionList {
    pub(super) const fn new() -> Self {
        Self { newest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Lets all see the regions up to the newest. To be called with the heap locked.
    pub(super) fn publish(&self, newest: Option<Region>) {
        let newest = newest.map_or(ptr::null_mut(), Region::as_ptr);
        // Release: who loads it sees what the region says about itself.
        self.newest.store(newest, Ordering::Release);
    }

    /// A pointer to the same address as `block` that may be used for all of the region, if it lies in one.
    pub(super) fn whole(&self, block: NonNull<u8>) -> Option<NonNull<u8>> {
        // Acquire: for `publish`.
        let newest = NonNull::new(self.newest.load(Ordering::Acquire));
        // SAFETY: by the type's invariant, it was one's.
        let newest = newest.map(|newest| unsafe { Region::from_ptr(newest) });
        let mut regions = core::iter::successors(newest, |region| region.next());
        regions.find(|region| region.contains(block.addr().get())).map(|region| region.pointer_to(block))
    }
}
