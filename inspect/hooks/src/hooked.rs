//! An allocator that tells its hooks what it does.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;
use core::ptr::NonNull;

use crate::field::Address;
use crate::hooks::Hooks;

/// An allocator that calls [`Hooks`]: for each request after it was served, and for each free before it is done.
///
/// With hooks that do nothing this is the allocator itself, instruction for instruction.
///
/// ```
/// use mudlark_core_alloc::{LockedHeap, StaticRegion};
/// use mudlark_hooks::Hooked;
///
/// static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();
///
/// #[global_allocator]
/// static HEAP: Hooked<LockedHeap, ()> = Hooked::new(LockedHeap::with_region(&MEMORY), ());
/// # drop(String::from("pan"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Hooked<A, H> {
    allocator: A,
    hooks: H,
}

impl<A, H> Hooked<A, H> {
    /// This allocator with these hooks.
    pub const fn new(allocator: A, hooks: H) -> Self {
        Self { allocator, hooks }
    }

    /// The allocator. What it does when it is called directly nobody tells.
    pub const fn allocator(&self) -> &A {
        &self.allocator
    }

    /// The hooks.
    pub const fn hooks(&self) -> &H {
        &self.hooks
    }
}

impl<A, H: Hooks> Hooked<A, H> {
    /// Calls hooks. If they panic, the program ends: nothing may unwind out of an allocator.
    #[inline]
    fn tell(&self, call: impl FnOnce(&H)) {
        let guard = PanicEndsTheProgram;
        call(&self.hooks);
        mem::forget(guard);
    }

    /// Tells how a request ended.
    #[inline]
    fn tell_served(&self, block: Option<NonNull<u8>>, layout: Layout) {
        self.tell(|hooks| match block {
            Some(block) => hooks.allocated(block, layout),
            None => hooks.refused(layout),
        });
    }

    /// Tells how a request for a new size ended.
    #[inline]
    fn tell_resized(&self, from: Address, old: Layout, block: Option<NonNull<u8>>, new: Layout) {
        self.tell(|hooks| match block {
            Some(block) => hooks.reallocated(from, old, block, new),
            None => hooks.refused(new),
        });
    }
}

/// Dropped by a panic only, and then a second one: that ends the program.
struct PanicEndsTheProgram;

impl Drop for PanicEndsTheProgram {
    fn drop(&mut self) {
        panic!("a hook panicked in the midst of an allocator");
    }
}

// SAFETY: requests and frees are passed on as they are; the hooks see them, and no panic leaves them.
unsafe impl<A: GlobalAlloc, H: Hooks> GlobalAlloc for Hooked<A, H> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.allocator.alloc(layout) };
        self.tell_served(NonNull::new(block), layout);
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { self.allocator.alloc_zeroed(layout) };
        self.tell_served(NonNull::new(block), layout);
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(block) = NonNull::new(block) {
            self.tell(|hooks| hooks.freed(block, layout));
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.allocator.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let from = Address::of(block);
        // SAFETY: the caller's promise is the same.
        let resized = unsafe { self.allocator.realloc(block, layout, new_size) };
        // SAFETY: the caller promises that the new size, rounded up to the alignment, is no more than `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        self.tell_resized(from, layout, NonNull::new(resized), new);
        resized
    }
}

#[cfg(feature = "allocator-api2")]
mod api2 {
    use allocator_api2::alloc::{AllocError, Allocator};

    use super::*;

    /// What came of a request, without its length.
    fn start_of(served: &Result<NonNull<[u8]>, AllocError>) -> Option<NonNull<u8>> {
        served.as_ref().ok().map(|block| block.cast())
    }

    impl<A, H: Hooks> Hooked<A, H> {
        /// Tells how a request ended, unless it was for no bytes: that takes no memory.
        fn tell_served_bytes(&self, served: &Result<NonNull<[u8]>, AllocError>, layout: Layout) {
            if layout.size() > 0 {
                self.tell_served(start_of(served), layout);
            }
        }

        /// Tells of a change of size, which may be to or from no bytes. If it is to none, the block is told of already.
        fn tell_changed(&self, from: Address, old: Layout, changed: &Result<NonNull<[u8]>, AllocError>, new: Layout) {
            if old.size() == 0 {
                self.tell_served_bytes(changed, new);
            } else if new.size() > 0 {
                self.tell_resized(from, old, start_of(changed), new);
            }
        }

        /// Tells of a free, if there is one.
        fn tell_freed_bytes(&self, block: NonNull<u8>, old: Layout, new_size: usize) {
            if old.size() > 0 && new_size == 0 {
                self.tell(|hooks| hooks.freed(block, old));
            }
        }
    }

    // SAFETY: requests and frees are passed on as they are; the hooks see them, and no panic leaves them.
    unsafe impl<A: Allocator, H: Hooks> Allocator for Hooked<A, H> {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            let served = self.allocator.allocate(layout);
            self.tell_served_bytes(&served, layout);
            served
        }

        fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            let served = self.allocator.allocate_zeroed(layout);
            self.tell_served_bytes(&served, layout);
            served
        }

        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            self.tell_freed_bytes(block, layout, 0);
            // SAFETY: the caller's promise is the same.
            unsafe { self.allocator.deallocate(block, layout) };
        }

        unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller's promise is the same.
            let grown = unsafe { self.allocator.grow(block, old, new) };
            self.tell_changed(Address::of(block.as_ptr()), old, &grown, new);
            grown
        }

        unsafe fn grow_zeroed(
            &self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller's promise is the same.
            let grown = unsafe { self.allocator.grow_zeroed(block, old, new) };
            self.tell_changed(Address::of(block.as_ptr()), old, &grown, new);
            grown
        }

        unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
            self.tell_freed_bytes(block, old, new.size());
            // SAFETY: the caller's promise is the same.
            let shrunk = unsafe { self.allocator.shrink(block, old, new) };
            self.tell_changed(Address::of(block.as_ptr()), old, &shrunk, new);
            shrunk
        }
    }
}
