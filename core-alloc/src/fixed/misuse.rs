//! What a heap can tell of a caller who breaks its contract.
//!
//! The checks come before the heap changes anything, and their outcome is a value: so a [`LockedHeap`] can unlock
//! before it panics, for a panic may allocate.
//!
//! [`LockedHeap`]: super::LockedHeap

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::page::Page;
use super::region::{Region, RegionList, RunLayout};
use crate::SizeClass;

/// An attempt to free or resize what is no live block for the given layout.
#[derive(Debug)]
pub(super) struct Misuse {
    block: NonNull<u8>,
    layout: Layout,
    reason: &'static str,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, layout, reason } = self;
        let (size, align) = (layout.size(), layout.align());
        write!(f, "mudlark: {block:p} is not a live block of {size} bytes aligned to {align}: {reason}")
    }
}

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
        Misuse { block: self.block, layout: self.layout, reason }
    }
}

/// Whether each block of `class` will do for `layout`.
pub(super) const fn holds(class: SizeClass, layout: Layout) -> bool {
    layout.size() <= class.block_size() && class.block_size().is_multiple_of(layout.align())
}
