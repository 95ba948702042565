//! [`Metered`]: an allocator that counts what is in use.

use core::alloc::{GlobalAlloc, Layout};

use crate::meter;

/// Any allocator, and beside it the [`meter`] that counts every request to the byte.
///
/// It is what [`mem_profile`](macro@crate::mem_profile) and [`meter::measure`] read. All of a program's `Metered` allocators
/// count into one meter, so a program has one of them. A request costs some nanoseconds more, and where many threads allocate at
/// a time, these wait for each other at the counters: it is for looking at a program, not for leaving in.
///
/// ```
/// use mudlark_inspect::{Metered, meter};
/// use std::alloc::System;
///
/// # #[cfg(not(miri))]
/// #[global_allocator]
/// static ALLOCATOR: Metered<System> = Metered::new(System);
/// # if cfg!(miri) { return }
///
/// let before = meter::bytes();
/// let block = Box::new([0_u8; 100]);
/// assert_eq!(meter::bytes(), before + 100);
/// # drop(block);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Metered<A> {
    allocator: A,
}

impl<A> Metered<A> {
    /// Counts what is asked of this allocator.
    #[must_use]
    pub const fn new(allocator: A) -> Self {
        Self { allocator }
    }

    /// The allocator.
    pub const fn get_ref(&self) -> &A {
        &self.allocator
    }
}

// SAFETY: all calls go to the allocator as they are, and its answers back; counting neither allocates nor panics.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Metered<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.allocator.alloc(layout) };
        if !block.is_null() {
            meter::allocated(layout);
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.allocator.alloc_zeroed(layout) };
        if !block.is_null() {
            meter::allocated(layout);
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        meter::freed(layout);
        // SAFETY: the caller's promise is the same.
        unsafe { self.allocator.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { self.allocator.realloc(block, layout, new_size) };
        if !resized.is_null() {
            meter::resized(layout, new_size);
        }
        resized
    }
}
