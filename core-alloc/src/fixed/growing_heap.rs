//! A heap that asks for more memory before it refuses.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::misuse::{Misuse, Refusal};
use super::region::Region;
use super::region_heap::{RegionHeap, Resize};
use super::{Heap, HeapLayer, HeapStats, RegionKind};

/// A supplier of memory for a [`GrowingHeap`]: a kernel's allocator of physical pages, say.
///
/// # Safety
///
/// What [`acquire`](Self::acquire) hands out is valid for reads and writes, from every thread that uses the heap, for good,
/// and is nobody else's.
pub unsafe trait PageSource: Send {
    /// The source to begin with.
    const INIT: Self;

    /// What all that it hands out is good for.
    const KIND: RegionKind = RegionKind::ANY;

    /// At least `bytes` in one piece, or `None` when there is no more. It must not allocate from the heap that asks.
    ///
    /// Each piece is a region of its own, which costs up to some 70 words, and each free takes a step for every region that came
    /// later. So give much at a time, and the more the more there is already.
    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>>;
}

/// A [`Heap`] that gets a further region from its source when a request cannot be served.
///
/// ```
/// use core::alloc::Layout;
/// use core::ptr::NonNull;
/// use mudlark_core_alloc::{GrowingHeap, PageSource, RegionHeap};
///
/// struct Leaked;
///
/// // SAFETY: what is leaked is nobody else's.
/// unsafe impl PageSource for Leaked {
///     const INIT: Self = Self;
///
///     fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
///         Some(NonNull::from(vec![0_u8; bytes.max(16 << 10)].leak()))
///     }
/// }
///
/// let mut heap = GrowingHeap::<Leaked>::EMPTY;
/// assert!(heap.allocate(Layout::new::<[u64; 100]>()).is_some());
/// assert!(heap.allocate(Layout::new::<[u64; 10_000]>()).is_some());
/// assert_eq!(heap.stats().regions, 2);
/// ```
///
/// As a global allocator it is a `LockedHeap<Lock, GrowingHeap<Source>>`.
#[derive(Debug)]
pub struct GrowingHeap<S> {
    heap: Heap,
    source: S,
}

impl<S: PageSource> GrowingHeap<S> {
    /// Adds a region that can serve `layout`. Says whether there was one to be had.
    #[cold]
    fn grow(&mut self, layout: Layout) -> bool {
        let Some(bytes) = Region::bytes_for(layout) else { return false };
        let Some(memory) = self.source.acquire(bytes) else { return false };
        // SAFETY: by the source's contract.
        unsafe { self.heap.try_add_region_of(S::KIND, memory.cast().as_ptr(), memory.len()) }.is_ok()
    }
}

// SAFETY: the heap is one; its regions are its alone, by the source's contract.
unsafe impl<S: PageSource> RegionHeap for GrowingHeap<S> {
    const EMPTY: Self = Self { heap: Heap::new(), source: S::INIT };

    unsafe fn try_add_region(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_add_region(start, size) }
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        match self.heap.allocate(layout) {
            None if self.grow(layout) => self.heap.allocate(layout),
            served => served,
        }
    }

    #[inline]
    unsafe fn try_deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_deallocate(block, layout) }
    }

    unsafe fn try_resize(&mut self, block: NonNull<u8>, layout: Layout, new: Layout) -> Result<Resize, Misuse> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_resize(block, layout, new) }
    }

    fn whole(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.heap.whole(block)
    }

    fn stats(&self) -> HeapStats {
        self.heap.stats()
    }
}

// SAFETY: the heap is always the same, and gets frees and resizes as they are.
unsafe impl<S: PageSource> HeapLayer for GrowingHeap<S> {
    const GROWS: bool = true;

    fn heap(&self) -> &Heap {
        &self.heap
    }

    unsafe fn try_add_region_of(&mut self, kind: RegionKind, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_add_region_of(kind, start, size) }
    }

    fn allocate_in(&mut self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        match self.heap.allocate_in(kind, layout) {
            None if S::KIND.has(kind) && self.grow(layout) => self.heap.allocate_in(kind, layout),
            served => served,
        }
    }
}
