//! A heap that knows how much of it was ever in use.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::misuse::{Misuse, Refusal};
use super::region_heap::{RegionHeap, Resize};
use super::{Heap, HeapLayer, HeapStats, RegionKind};

/// A [`Heap`] that counts what is used as it goes, for [`HeapStats::peak`]: to find out how much memory a firmware needs.
///
/// Each call is slower for it.
///
/// ```
/// use core::alloc::GlobalAlloc;
/// use core::alloc::Layout;
/// use mudlark_core_alloc::{DefaultLock, LockedHeap, MeteredHeap, StaticRegion};
///
/// static MEMORY: StaticRegion<4096> = StaticRegion::new();
/// static HEAP: LockedHeap<DefaultLock, MeteredHeap> = LockedHeap::with_region(&MEMORY);
///
/// let layout = Layout::new::<[u8; 1000]>();
/// // SAFETY: the layout is not empty.
/// let block = unsafe { HEAP.alloc(layout) };
/// // SAFETY: just allocated.
/// unsafe { HEAP.dealloc(block, layout) };
/// let stats = HEAP.stats();
/// assert_eq!(stats.used, 0);
/// assert!(stats.peak.is_some_and(|peak| (1000..1100).contains(&peak)));
/// ```
///
/// # Invariants
///
/// `used` is the size of all blocks in use, and `peak` the most that was.
#[derive(Debug, Default)]
pub struct MeteredHeap {
    heap: Heap,
    used: usize,
    peak: usize,
}

impl MeteredHeap {
    fn count(&mut self, bytes: usize) {
        self.used += bytes;
        self.peak = self.peak.max(self.used);
    }

    /// Counts a block that was just allocated, if there is one.
    fn counted(&mut self, block: Option<NonNull<u8>>, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: just allocated.
        self.count(unsafe { self.heap.size_of_block(block?, layout) }.ok()?);
        block
    }
}

// SAFETY: the heap is one, and gets all calls as they are.
unsafe impl RegionHeap for MeteredHeap {
    const EMPTY: Self = Self { heap: Heap::new(), used: 0, peak: 0 };

    unsafe fn try_add_region(&mut self, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_add_region(start, size) }
    }

    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.heap.allocate(layout);
        self.counted(block, layout)
    }

    unsafe fn try_deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        // SAFETY: the caller says that it is in use.
        let size = unsafe { self.heap.size_of_block(block, layout) }?;
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_deallocate(block, layout) }?;
        self.used -= size;
        Ok(())
    }

    unsafe fn try_resize(&mut self, block: NonNull<u8>, layout: Layout, new: Layout) -> Result<Resize, Misuse> {
        // SAFETY: the caller says that it is in use.
        let size = unsafe { self.heap.size_of_block(block, layout) }?;
        // SAFETY: the caller's promise is the same.
        let resize = unsafe { self.heap.try_resize(block, layout, new) }?;
        let layout = if resize == Resize::MustMove { layout } else { new };
        // SAFETY: it still is, where it was.
        let resized = unsafe { self.heap.size_of_block(block, layout) }?;
        self.used -= size;
        self.count(resized);
        Ok(resize)
    }

    fn whole(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.heap.whole(block)
    }

    fn stats(&self) -> HeapStats {
        HeapStats { peak: Some(self.peak), ..self.heap.stats() }
    }
}

// SAFETY: the heap is always the same, and gets frees and resizes as they are.
unsafe impl HeapLayer for MeteredHeap {
    const GROWS: bool = false;

    fn heap(&self) -> &Heap {
        &self.heap
    }

    unsafe fn try_add_region_of(&mut self, kind: RegionKind, start: *mut u8, size: usize) -> Result<(), Refusal> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.try_add_region_of(kind, start, size) }
    }

    fn allocate_in(&mut self, kind: RegionKind, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.heap.allocate_in(kind, layout);
        self.counted(block, layout)
    }
}
