//! Layers between the heap that interrupt handlers share and its regions: one that grows, one that counts; and regions of
//! several kinds.

mod interrupted;

use core::alloc::Layout;
use core::ptr::NonNull;

use interrupted::{Interrupted, alloc, free, in_a_handler};
use mudlark_core_alloc::{GrowingHeap, InterruptHeap, LockedHeap, MeteredHeap, PageSource, RegionKind, StaticRegion};

const SMALL: Layout = Layout::new::<[u64; 4]>();
const KIB: Layout = Layout::new::<[u64; 128]>();

/// Gives pages of 4 KiB that a DMA controller reaches, up to four.
struct FourPages {
    given: usize,
}

// SAFETY: what is leaked is nobody else's.
unsafe impl PageSource for FourPages {
    const INIT: Self = Self { given: 0 };
    const KIND: RegionKind = RegionKind::DMA;

    fn acquire(&mut self, bytes: usize) -> Option<NonNull<[u8]>> {
        if self.given == 4 || bytes > 4096 {
            return None;
        }
        self.given += 1;
        Some(NonNull::from(vec![0_u8; 4096].leak()))
    }
}

#[test]
fn handlers_free_blocks_of_regions_that_a_request_added() {
    static HEAP: InterruptHeap<Interrupted, 64, 2, GrowingHeap<FourPages>> = InterruptHeap::new();
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| (stats.regions, stats.blocks)), Some((1, 2)), "it grew for the reserve");
    let blocks: Vec<_> = core::iter::from_fn(|| alloc(&HEAP, KIB)).collect();
    assert_eq!(HEAP.stats().map(|stats| stats.regions), Some(4));
    in_a_handler(|| {
        assert_eq!(alloc(&HEAP, KIB), None, "a handler does not grow what it finds locked");
        blocks.iter().for_each(|&block| free(&HEAP, block, KIB));
    });
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(2), "the reserve");
    assert_eq!(HEAP.verify(), Some(Ok(())));
}

#[test]
fn a_request_of_a_kind_adds_a_region_if_the_source_has_that_kind() {
    static HEAP: InterruptHeap<Interrupted, 64, 2, GrowingHeap<FourPages>> = InterruptHeap::new();
    assert_eq!(HEAP.allocate_in(RegionKind::FAST, SMALL), None);
    let block = HEAP.allocate_in(RegionKind::DMA, SMALL).expect("the source has such memory");
    in_a_handler(|| free(&HEAP, block, SMALL));
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(2), "the reserve");
}

#[test]
fn requests_of_a_kind_are_served_from_such_regions_in_the_open_and_refused_in_a_handler_that_finds_it_locked() {
    static PLAIN: StaticRegion<2048, Interrupted> = StaticRegion::new();
    static HEAP: InterruptHeap<Interrupted, 64, 2> = InterruptHeap::with_region(&PLAIN);
    let buffers = vec![0_u8; 2048].leak();
    // SAFETY: it is leaked, and nobody else's.
    assert_eq!(unsafe { HEAP.add_region_of(RegionKind::DMA, buffers.as_mut_ptr(), 2048) }, Ok(()));
    HEAP.prepare();
    let block = HEAP.allocate_in(RegionKind::DMA, KIB).expect("there is room");
    assert!(buffers.as_ptr_range().contains(&block.as_ptr().cast_const()));
    assert_eq!(HEAP.allocate_in(RegionKind::DMA, KIB), None, "there is no room for another there");
    in_a_handler(|| {
        free(&HEAP, block, KIB);
        assert_eq!(HEAP.allocate_in(RegionKind::DMA, KIB), None);
        assert_eq!(HEAP.allocate_in(RegionKind::ANY, SMALL), None);
    });
    // What was deferred is had before the request is refused.
    let blocks: Vec<_> = core::iter::from_fn(|| HEAP.allocate_in(RegionKind::ANY, SMALL)).collect();
    blocks.into_iter().for_each(|block| free(&HEAP, block, SMALL));
    let block = HEAP.allocate_in(RegionKind::DMA, KIB).expect("it was freed");
    free(&HEAP, block, KIB);
    assert_eq!(HEAP.verify(), Some(Ok(())));
}

#[test]
fn the_first_request_of_a_kind_may_be_the_first_of_all() {
    static MEMORY: [StaticRegion<2048, Interrupted>; 2] = [const { StaticRegion::new() }; 2];
    static SHARED: InterruptHeap<Interrupted> = InterruptHeap::with_region(&MEMORY[0]);
    static LOCKED: LockedHeap<Interrupted> = LockedHeap::with_region(&MEMORY[1]);
    assert!(SHARED.allocate_in(RegionKind::ANY, SMALL).is_some());
    assert!(LOCKED.allocate_in(RegionKind::ANY, SMALL).is_some());
}

#[test]
fn what_is_counted_includes_the_reserve_and_what_handlers_leave() {
    static MEMORY: StaticRegion<4096, Interrupted> = StaticRegion::new();
    static HEAP: InterruptHeap<Interrupted, 64, 2, MeteredHeap> = InterruptHeap::with_region(&MEMORY);
    HEAP.prepare();
    let prepared = HEAP.stats().expect("it is unlocked");
    let reserved = in_a_handler(|| alloc(&HEAP, SMALL)).expect("a block of the reserve");
    let block = alloc(&HEAP, KIB).expect("there is room");
    in_a_handler(|| free(&HEAP, block, KIB));
    free(&HEAP, reserved, SMALL);
    let stats = HEAP.stats().expect("it is unlocked");
    assert_eq!((stats.used, stats.blocks), (prepared.used, 2), "the reserve was filled again");
    assert!(stats.peak.is_some_and(|peak| peak >= prepared.used + 1024));
}
