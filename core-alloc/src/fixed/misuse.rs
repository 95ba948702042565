//! What a heap finds out about callers who break its contract, as values: so a [`LockedHeap`](super::LockedHeap) can unlock
//! before it panics, for a panic may allocate.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::RegionTooSmall;

/// An attempt to free or resize what is no live block for the given layout.
///
/// In release builds it knows the reason only, so that it is returned in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misuse {
    reason: &'static str,
    #[cfg(debug_assertions)]
    of: (NonNull<u8>, Layout),
}

impl Misuse {
    /// What the caller said is a live block for `layout`, and why it cannot be.
    #[must_use]
    #[cfg_attr(not(debug_assertions), expect(unused_variables, reason = "they are kept in debug builds"))]
    pub const fn new(block: NonNull<u8>, layout: Layout, reason: &'static str) -> Self {
        Self {
            reason,
            #[cfg(debug_assertions)]
            of: (block, layout),
        }
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
        #[cfg(debug_assertions)]
        {
            let (block, layout) = self.of;
            let (size, align) = (layout.size(), layout.align());
            write!(f, "mudlark: {block:p} is not a live block of {size} bytes aligned to {align}: ")?;
        }
        f.write_str(self.reason)
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
