//! The heap under test, chosen by a feature.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::region::arena::Heap;

#[cfg(feature = "region-mudlark")]
pub(crate) type Entry = mudlark_core_alloc::Heap;
#[cfg(feature = "region-linked-list-allocator")]
pub(crate) type Entry = linked_list_allocator::Heap;
#[cfg(feature = "region-talc")]
pub(crate) type Entry = talc::base::Talc<talc::source::Manual, talc::DefaultBinning>;
/// Two-level segregated fit with 32 first levels and 32 second levels: its worst rounding is 3 %.
#[cfg(feature = "region-rlsf")]
pub(crate) type Entry = rlsf::Tlsf<'static, u32, u32, 32, 32>;
/// Orders up to 2^32 bytes.
#[cfg(feature = "region-buddy-system-allocator")]
pub(crate) type Entry = buddy_system_allocator::Heap<33>;

impl Heap for Entry {
    #[cfg(feature = "region-mudlark")]
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.add_region(start.as_ptr(), size) }.expect("16 KiB are enough");
        heap
    }

    #[cfg(feature = "region-linked-list-allocator")]
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { Self::new(start.as_ptr(), size) }
    }

    #[cfg(feature = "region-talc")]
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new(talc::source::Manual);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.claim(start.as_ptr(), size) }.expect("16 KiB are enough");
        heap
    }

    #[cfg(feature = "region-rlsf")]
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        let region = NonNull::slice_from_raw_parts(start, size);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { heap.insert_free_block_ptr(region) }.expect("16 KiB are enough");
        heap
    }

    #[cfg(feature = "region-buddy-system-allocator")]
    unsafe fn over(start: NonNull<u8>, size: usize) -> Self {
        let mut heap = Self::new();
        // SAFETY: the caller's promise is the one asked for; this heap takes addresses, and makes pointers of them.
        unsafe { heap.init(start.as_ptr().expose_provenance(), size) };
        heap
    }

    #[cfg(any(feature = "region-mudlark", feature = "region-rlsf"))]
    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate(layout)
    }

    #[cfg(feature = "region-linked-list-allocator")]
    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_first_fit(layout).ok()
    }

    #[cfg(feature = "region-talc")]
    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: the layout is not empty: no workload asks for nothing.
        unsafe { self.allocate(layout) }
    }

    #[cfg(feature = "region-buddy-system-allocator")]
    fn request(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.alloc(layout).ok()
    }

    #[cfg(any(feature = "region-mudlark", feature = "region-linked-list-allocator"))]
    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout) };
    }

    #[cfg(feature = "region-talc")]
    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block.as_ptr(), layout) };
    }

    #[cfg(feature = "region-rlsf")]
    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.deallocate(block, layout.align()) };
    }

    #[cfg(feature = "region-buddy-system-allocator")]
    unsafe fn release(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.dealloc(block, layout) };
    }
}
