//! The `Allocator` trait of [`allocator_api2`], for every allocator here.
//!
//! It is the trait that std's collections are to take one day, on stable Rust, and those of hashbrown and others take
//! today. All allocators serve it as they serve [`GlobalAlloc`], but for what that does not know: requests of no bytes,
//! which take no memory, and blocks that change their alignment. A block is as long as was asked for.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};

use allocator_api2::alloc::{AllocError, Allocator};
use lock_api::RawMutex;

use crate::{Cpus, HeapLayer, InterruptHeap, LockedHeap, PerCpuHeap, RegionHeap};
#[cfg(feature = "std")]
use crate::{Mudlark, PrivateHeap};

/// Implements the trait for an allocator by way of the functions below.
macro_rules! serve {
    ($(#[$attribute:meta])* [$($generics:tt)*] $allocator:ty) => {
        $(#[$attribute])*
        // SAFETY: what the allocator promises as a `GlobalAlloc` holds until it is dropped, wherever it is moved, and for all
        // of its clones, if it has any: they are the same allocator.
        unsafe impl<$($generics)*> Allocator for $allocator {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                allocate(self, layout)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                allocate_zeroed(self, layout)
            }

            #[inline]
            unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise is the same.
                unsafe { deallocate(self, block, layout) };
            }

            #[inline]
            unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise is the same.
                unsafe { resize(self, block, old, new) }
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                block: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise is the same.
                unsafe { grow_zeroed(self, block, old, new) }
            }

            #[inline]
            unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise is the same.
                unsafe { resize(self, block, old, new) }
            }
        }
    };
}

serve! {
    /// For collections in the program's own allocator, or in this one beside another.
    ///
    /// ```
    /// use allocator_api2::boxed::Box;
    /// use mudlark_core_alloc::Mudlark;
    ///
    /// let coin = Box::new_in("a coin", Mudlark::new());
    /// assert_eq!(*coin, "a coin");
    /// ```
    #[cfg(feature = "std")]
    [] Mudlark
}

serve! {
    /// For collections that live in a heap by reference, several in one, or that have one to themselves.
    ///
    /// ```
    /// use hashbrown::{DefaultHashBuilder, HashMap};
    /// use mudlark_core_alloc::PrivateHeap;
    ///
    /// let heap = PrivateHeap::new();
    /// let mut depths = HashMap::with_hasher_in(DefaultHashBuilder::default(), &heap);
    /// depths.insert("coin", 3);
    /// assert_eq!(depths["coin"], 3);
    /// ```
    ///
    /// A collection that owns its heap goes with it to another thread:
    ///
    /// ```
    /// use allocator_api2::vec::Vec;
    /// use mudlark_core_alloc::PrivateHeap;
    ///
    /// let mut finds = Vec::new_in(PrivateHeap::new());
    /// finds.push("coin");
    /// let finder = std::thread::spawn(move || {
    ///     finds.push("pin");
    ///     finds.len()
    /// });
    /// assert_eq!(finder.join().unwrap(), 2);
    /// ```
    #[cfg(feature = "std")]
    [] PrivateHeap
}

serve! {
    /// For collections in a fixed region, which need not be the program's global allocator.
    ///
    /// ```
    /// use allocator_api2::vec::Vec;
    /// use mudlark_core_alloc::{LockedHeap, StaticRegion};
    ///
    /// static MEMORY: StaticRegion<4096> = StaticRegion::new();
    /// static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);
    ///
    /// let mut squares = Vec::new_in(&HEAP);
    /// squares.extend((0..10_u32).map(|n| n * n));
    /// assert_eq!(squares[9], 81);
    /// assert_eq!(HEAP.stats().blocks, 1);
    /// ```
    [R: RawMutex, H: RegionHeap] LockedHeap<R, H>
}

serve! {
    /// For collections that interrupt handlers share with what they interrupt, and that grow and shrink without a wait.
    ///
    /// ```
    /// use allocator_api2::vec::Vec;
    /// use mudlark_core_alloc::{DefaultLock, InterruptHeap, StaticRegion};
    ///
    /// static MEMORY: StaticRegion<4096> = StaticRegion::new();
    /// static HEAP: InterruptHeap<DefaultLock, 64, 2> = InterruptHeap::with_region(&MEMORY);
    ///
    /// let mut squares = Vec::new_in(&HEAP);
    /// squares.extend((0..10_u32).map(|n| n * n));
    /// assert_eq!(squares[9], 81);
    /// ```
    [R: RawMutex, const RESERVE_SIZE: usize, const RESERVED: usize, H: HeapLayer]
    InterruptHeap<R, RESERVE_SIZE, RESERVED, H>
}

serve! {
    /// For collections in a heap that several processors share.
    [C: Cpus, const N: usize, R: RawMutex, H: RegionHeap] PerCpuHeap<C, N, R, H>
}

fn allocate(allocator: &impl GlobalAlloc, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    if layout.size() == 0 {
        return nothing(layout);
    }
    // SAFETY: the size is not zero.
    found(unsafe { allocator.alloc(layout) }, layout)
}

fn allocate_zeroed(allocator: &impl GlobalAlloc, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    if layout.size() == 0 {
        return nothing(layout);
    }
    // SAFETY: the size is not zero.
    found(unsafe { allocator.alloc_zeroed(layout) }, layout)
}

/// # Safety
///
/// As for [`Allocator::deallocate`].
unsafe fn deallocate(allocator: &impl GlobalAlloc, block: NonNull<u8>, layout: Layout) {
    if layout.size() > 0 {
        // SAFETY: by the caller's promise, it came from the allocator with this Layout.
        unsafe { allocator.dealloc(block.as_ptr(), layout) };
    }
}

/// Grows or shrinks a block, in place or by a move, as [`GlobalAlloc::realloc`] does.
///
/// # Safety
///
/// As for [`Allocator::grow`] or [`Allocator::shrink`].
unsafe fn resize(
    allocator: &impl GlobalAlloc,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    if old.align() != new.align() || old.size() == 0 || new.size() == 0 {
        // SAFETY: the caller's promise is the same.
        return unsafe { relocate(allocator, block, old, new) };
    }
    // SAFETY: by the caller's promise, it came from the allocator with this Layout; the new one has its alignment, and no
    // size is zero.
    found(unsafe { allocator.realloc(block.as_ptr(), old, new.size()) }, new)
}

/// Moves what is in a block to a new one, as far as it fits there, and frees the old one. If there is no memory, the old
/// one is as it was.
///
/// # Safety
///
/// As for [`resize`].
unsafe fn relocate(
    allocator: &impl GlobalAlloc,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let moved = allocate(allocator, new)?;
    let len = old.size().min(new.size());
    // SAFETY: both blocks have that many bytes, and they are two, unless there is nothing to copy.
    unsafe { moved.cast().copy_from_nonoverlapping(block, len) };
    // SAFETY: the caller's promise is the same.
    unsafe { deallocate(allocator, block, old) };
    Ok(moved)
}

/// # Safety
///
/// As for [`Allocator::grow_zeroed`].
unsafe fn grow_zeroed(
    allocator: &impl GlobalAlloc,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    if old.size() == 0 {
        return allocate_zeroed(allocator, new);
    }
    // SAFETY: the caller's promise is the same.
    let grown = unsafe { resize(allocator, block, old, new) }?;
    // SAFETY: by the caller's promise, the new size is not the smaller one.
    let gained = unsafe { grown.cast::<u8>().byte_add(old.size()) };
    // SAFETY: the block is that long.
    unsafe { gained.write_bytes(0, new.size() - old.size()) };
    Ok(grown)
}

/// What a request of no bytes gets: an address with the alignment, and no memory there.
fn nothing(layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    found(ptr::without_provenance_mut(layout.align()), layout)
}

fn found(block: *mut u8, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    let block = NonNull::new(block).ok_or(AllocError)?;
    Ok(NonNull::slice_from_raw_parts(block, layout.size()))
}
