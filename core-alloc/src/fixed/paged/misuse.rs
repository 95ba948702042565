//! What a heap can tell of a caller who breaks its contract.
//!
//! The checks come before the heap changes anything, and their outcome is a value: so a [`LockedHeap`] can unlock
//! before it panics, for a panic may allocate.
//!
//! They cannot tell whether a run is in use, since a run in use has no record. That is found out by the list of free runs
//! if a run that comes back overlaps one of them; it panics there and then, in release builds, too.
//!
//! [`LockedHeap`]: crate::LockedHeap

use core::alloc::Layout;
use core::ptr::NonNull;

use super::page::Page;
use super::region::{Region, RegionList, RunLayout};
use crate::SizeClass;
use crate::fixed::misuse::Misuse;

/// What a caller says is a live block for the layout.
#[derive(Clone, Copy)]
pub(super) struct AllegedBlock {
    pub(super) block: NonNull<u8>,
    pub(super) layout: Layout,
}

impl AllegedBlock {
    pub(super) fn address(self) -> usize {
        self.block.addr().get()
    }

    /// The region that the block lies in.
    pub(super) fn region(self, regions: &mut RegionList) -> Result<&mut Region, Misuse> {
        regions.find(self.address()).ok_or(self.misuse("it lies in no region of this heap"))
    }

    /// Checks in debug builds that this can be a live block of `page`.
    pub(super) fn check_in(self, page: Page) -> Result<(), Misuse> {
        if !cfg!(debug_assertions) {
            return Ok(());
        }
        if !page.has_block_at(self.address()) {
            return Err(self.misuse("no block of its page begins there"));
        }
        if !holds(page.class(), self.layout) {
            return Err(self.misuse("the blocks of its page do not hold that"));
        }
        if page.is_free(self.address()) {
            return Err(self.misuse("it is free already"));
        }
        Ok(())
    }

    /// The block's layout as a run of `region`. Checks in debug builds that it can be one.
    pub(super) fn run_in(self, region: &Region) -> Result<RunLayout, Misuse> {
        let run = RunLayout::of(self.layout).ok_or(self.misuse("no block is so large"))?;
        if cfg!(debug_assertions)
            && let Some(objection) = region.objection_to_run(self.address(), run)
        {
            return Err(self.misuse(objection));
        }
        Ok(run)
    }

    const fn misuse(self, reason: &'static str) -> Misuse {
        Misuse::new(self.block, self.layout, reason)
    }
}

/// Whether each block of `class` will do for `layout`.
pub(super) const fn holds(class: SizeClass, layout: Layout) -> bool {
    layout.size() <= class.block_size() && class.block_size().is_multiple_of(layout.align())
}
