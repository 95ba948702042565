//! The heap under test, chosen by a feature.

use core::alloc::Layout;

#[cfg(feature = "buddy-system-allocator")]
#[path = "buddy_system_allocator.rs"]
mod chosen;
#[cfg(any(feature = "embedded-alloc-llff", feature = "embedded-alloc-tlsf"))]
#[path = "embedded_alloc.rs"]
mod chosen;
#[cfg(feature = "empty")]
#[path = "empty.rs"]
mod chosen;
#[cfg(feature = "linked-list-allocator")]
#[path = "linked_list_allocator.rs"]
mod chosen;
#[cfg(any(feature = "mudlark", feature = "mudlark-paged"))]
#[path = "mudlark.rs"]
mod chosen;
#[cfg(feature = "mudlark-interrupt")]
#[path = "mudlark_interrupt.rs"]
mod chosen;
#[cfg(feature = "mudlark-locked")]
#[path = "mudlark_locked.rs"]
mod chosen;
#[cfg(feature = "talc")]
#[path = "talc.rs"]
mod chosen;

#[cfg(feature = "critical-section")]
mod critical_section;

pub(crate) use chosen::Entry;

/// A heap over a region.
pub(crate) trait Heap {
    /// A heap without memory, fit for a static.
    const NEW: Self;

    /// Gives it the `size` bytes from `start` on, if they are enough.
    ///
    /// # Safety
    ///
    /// They are valid for reads and writes and nobody else's, as long as the heap or one of its blocks is used.
    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool;

    /// A block, or null when it is refused. The layout is not empty.
    fn request(&mut self, layout: Layout) -> *mut u8;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` came from `request` of this heap for the same layout, and is used no more.
    unsafe fn release(&mut self, block: *mut u8, layout: Layout);

    /// The block with `size` bytes, where it lies or elsewhere; null when it is refused. Only heaps that lock are asked.
    ///
    /// # Safety
    ///
    /// `block` came from `request` or `resize` of this heap for `layout`. Unless the answer is null, it is used no more.
    unsafe fn resize(&mut self, _block: *mut u8, _layout: Layout, _size: usize) -> *mut u8 {
        core::ptr::null_mut()
    }
}
