//! Somebody who hears what the allocator takes from its source, and what it gives back there.

use core::ptr::NonNull;
use std::sync::OnceLock;

/// What became of memory from the source: a region, a block that has a mapping of its own, or bookkeeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionChange {
    /// The allocator has it now.
    Taken {
        /// Where it begins.
        start: NonNull<u8>,
        /// Its length, in bytes.
        size: usize,
    },
    /// It has it no more.
    GivenBack {
        /// Where it began.
        start: NonNull<u8>,
        /// Its length, in bytes.
        size: usize,
    },
}

static WATCHER: OnceLock<fn(RegionChange)> = OnceLock::new();

/// Has `watcher` called from now on, unless another one is already.
pub(crate) fn set(watcher: fn(RegionChange)) -> bool {
    WATCHER.set(watcher).is_ok()
}

/// Tells the watcher, if there is one.
pub(crate) fn tell(change: RegionChange) {
    if let Some(watcher) = WATCHER.get() {
        watcher(change);
    }
}
