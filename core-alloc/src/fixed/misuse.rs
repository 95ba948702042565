//! What a heap finds out about callers who break its contract, as values: so a [`LockedHeap`](super::LockedHeap) can unlock
//! before it panics, for a panic may allocate.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::RegionTooSmall;

/// An attempt to free or resize what is no live block for the given layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misuse {
    block: NonNull<u8>,
    layout: Layout,
    reason: &'static str,
}

impl Misuse {
    /// What the caller said is a live block for `layout`, and why it cannot be.
    #[must_use]
    pub const fn new(block: NonNull<u8>, layout: Layout, reason: &'static str) -> Self {
        Self { block, layout, reason }
    }

    /// Ends a broken contract in a panic. To be called with the heap unlocked, because a panic may allocate.
    ///
    /// # Panics
    ///
    /// Always. In release builds the message is a constant one: what formats text would be most of a small program.
    #[cold]
    #[inline(never)]
    pub fn panic(self) -> ! {
        if cfg!(debug_assertions) {
            panic!("{self}");
        }
        panic!("mudlark: what is freed or resized lies in no region of this heap");
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, layout, reason } = self;
        let (size, align) = (layout.size(), layout.align());
        write!(f, "mudlark: {block:p} is not a live block of {size} bytes aligned to {align}: {reason}")
    }
}

/// Why memory does not become a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no room for a region's header and a small block.
    TooSmall(RegionTooSmall),
    /// A region of the heap has part of it: a broken contract.
    Overlap,
}

impl Refusal {
    /// Ends a broken contract in a panic. To be called with the heap unlocked, because a panic may allocate.
    ///
    /// # Panics
    ///
    /// If this is [`Refusal::Overlap`].
    #[must_use]
    pub fn or_panic(self) -> RegionTooSmall {
        match self {
            Self::TooSmall(error) => error,
            Self::Overlap => panic!("mudlark: part of the memory is in a region of this heap"),
        }
    }
}
