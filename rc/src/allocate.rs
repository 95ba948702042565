//! Where the memory of boxes comes from: [`Global`], or with the feature `allocator-api2` any allocator of that crate.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A source of memory for boxes. It is not for others to implement: the feature `allocator-api2` does it for every
/// `Allocator`.
///
/// # Safety
///
/// A block is as its layout says, not shared with anyone, and stays so until it is deallocated: wherever the allocator is
/// moved, and by any of its clones.
pub unsafe trait Allocate: Sealed {
    /// A block of this layout, whose size is not zero; `None` when there is no memory.
    #[doc(hidden)]
    fn allocate_block(&self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// The block is from this allocator, or a clone of it, with this layout, and is not used again.
    #[doc(hidden)]
    unsafe fn deallocate_block(&self, block: NonNull<u8>, layout: Layout);
}

/// The program's global allocator: where the memory of boxes comes from if nothing else is said.
///
/// ```
/// use mudlark_rc::{Counted, Global};
///
/// let five: Counted<u8, Global> = Counted::new(5);
/// assert_eq!(five, Counted::new_in(5, Global));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Global;

impl Sealed for Global {}

// SAFETY: the global allocator promises it.
unsafe impl Allocate for Global {
    #[inline]
    fn allocate_block(&self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: by the contract, its size is not zero.
        NonNull::new(unsafe { alloc(layout) })
    }

    #[inline]
    unsafe fn deallocate_block(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the contract.
        unsafe { dealloc(block.as_ptr(), layout) };
    }
}

#[cfg(feature = "allocator-api2")]
impl<A: allocator_api2::alloc::Allocator> Sealed for A {}

#[cfg(feature = "allocator-api2")]
// SAFETY: the contract of `Allocator` is the same.
unsafe impl<A: allocator_api2::alloc::Allocator> Allocate for A {
    #[inline]
    fn allocate_block(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout).ok().map(NonNull::cast)
    }

    #[inline]
    unsafe fn deallocate_block(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the contract.
        unsafe { self.deallocate(block, layout) };
    }
}
