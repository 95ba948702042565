//! The heap that interrupt handlers share: it never waits, and what they free comes back.

mod interrupted;

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use std::collections::VecDeque;
use std::sync::{Mutex, mpsc};
use std::thread;

use interrupted::{Interrupted, alloc, free, in_a_handler};
use mudlark_core_alloc::{
    ClaimError, DefaultLock, InterruptHeap, LockedHeap, RegionTooSmall, SingleCore, SingleCoreLock, StaticRegion,
};

const SMALL: Layout = Layout::new::<[u64; 4]>();

macro_rules! heap {
    ($name:ident: InterruptHeap<$($parameter:tt),*>, $size:expr) => {
        static MEMORY: StaticRegion<{ $size }, Interrupted> = StaticRegion::new();
        static $name: InterruptHeap<$($parameter),*> = InterruptHeap::with_region(&MEMORY);
    };
}

#[test]
fn a_free_in_a_handler_is_deferred_and_comes_back() {
    heap!(HEAP: InterruptHeap<Interrupted>, 4096);
    let blocks: Vec<_> = (0..5).filter_map(|_| alloc(&HEAP, SMALL)).collect();
    let used = |heap: &InterruptHeap<Interrupted>| heap.stats().map(|stats| stats.blocks);
    assert_eq!(used(&HEAP), Some(5));
    in_a_handler(|| {
        assert_eq!(used(&HEAP), None, "it is locked");
        blocks.iter().for_each(|&block| free(&HEAP, block, SMALL));
    });
    assert_eq!((used(&HEAP), HEAP.verify()), (Some(0), Some(Ok(()))));
}

#[test]
fn calls_take_back_what_was_deferred_a_little_at_a_time() {
    heap!(HEAP: InterruptHeap<Interrupted>, 64 << 10);
    let blocks: Vec<_> = (0..6).filter_map(|_| alloc(&HEAP, SMALL)).collect();
    in_a_handler(|| blocks.iter().for_each(|&block| free(&HEAP, block, SMALL)));
    // What is shown is as it is, without freeing more.
    let shows = |blocks: usize| format!("{HEAP:?}").contains(&format!(" blocks: {blocks},"));
    assert!(shows(6));
    let block = alloc(&HEAP, SMALL).expect("there is plenty");
    assert!(shows(6 - 2 + 1), "{HEAP:?}");
    free(&HEAP, block, SMALL);
    assert!(shows(6 - 2 - 2), "{HEAP:?}");
}

#[test]
fn a_request_is_not_refused_while_something_is_deferred() {
    heap!(HEAP: InterruptHeap<Interrupted>, 8 << 10);
    let blocks: Vec<_> = core::iter::from_fn(|| alloc(&HEAP, SMALL)).collect();
    in_a_handler(|| blocks.iter().for_each(|&block| free(&HEAP, block, SMALL)));
    let large = Layout::new::<[u8; 7000]>();
    let block = alloc(&HEAP, large).expect("all is free");
    free(&HEAP, block, large);
    assert_eq!(HEAP.stats().map(|stats| stats.used), Some(0));
}

#[test]
fn a_handler_gets_the_reserve_and_then_nothing_and_never_waits() {
    heap!(HEAP: InterruptHeap<Interrupted, 64, 3>, 8 << 10);
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(3), "the reserve");
    let mut blocks = in_a_handler(|| {
        assert_eq!(alloc(&HEAP, Layout::new::<[u8; 65]>()), None, "more than a block of the reserve");
        let aligned = Layout::from_size_align(8, 256).expect("a valid layout");
        assert_eq!(alloc(&HEAP, aligned), None, "aligned to more than a block of the reserve");
        let blocks: Vec<_> = core::iter::from_fn(|| alloc(&HEAP, Layout::new::<[u8; 64]>())).collect();
        assert_eq!(blocks.len(), 3);
        blocks
    });
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len(), 3);
    // A call fills a place.
    let block = alloc(&HEAP, SMALL).expect("there is plenty");
    let reserved = in_a_handler(|| alloc(&HEAP, SMALL)).expect("one was laid by");
    assert_eq!(in_a_handler(|| alloc(&HEAP, SMALL)), None);
    for block in blocks {
        free(&HEAP, block, Layout::new::<[u8; 64]>());
    }
    free(&HEAP, block, SMALL);
    // It is larger than its layout says, and the heap knows why.
    free(&HEAP, reserved, SMALL);
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(3), "the reserve again");
    assert_eq!(HEAP.verify(), Some(Ok(())));
}

#[test]
fn a_block_of_the_reserve_may_be_resized_and_freed_in_a_handler() {
    heap!(HEAP: InterruptHeap<Interrupted, 200, 2>, 8 << 10);
    HEAP.prepare();
    let first = Layout::new::<[u8; 8]>();
    let block = in_a_handler(|| {
        let block = alloc(&HEAP, first).expect("a block of the reserve");
        // SAFETY: just allocated.
        unsafe { block.write_bytes(7, 8) };
        // SAFETY: of this layout; the answer is looked at.
        let moved = unsafe { HEAP.realloc(block.as_ptr(), first, 100) };
        NonNull::new(moved).expect("the reserve's other block")
    });
    // SAFETY: of that layout by now.
    let block = unsafe { HEAP.realloc(block.as_ptr(), Layout::new::<[u8; 100]>(), 1000) };
    // SAFETY: the first bytes were written.
    assert_eq!(unsafe { block.cast::<[u8; 8]>().read() }, [7; 8]);
    in_a_handler(|| free(&HEAP, NonNull::new(block).expect("there is room"), Layout::new::<[u8; 1000]>()));
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(2));
}

#[test]
fn a_refused_resize_leaves_the_block() {
    heap!(HEAP: InterruptHeap<Interrupted>, 4096);
    let block = alloc(&HEAP, SMALL).expect("there is room");
    // SAFETY: it has 32 bytes.
    unsafe { block.write_bytes(9, 32) };
    // SAFETY: of this layout; the answer is looked at.
    assert!(in_a_handler(|| unsafe { HEAP.realloc(block.as_ptr(), SMALL, 64) }).is_null());
    // SAFETY: as before.
    assert_eq!(unsafe { block.cast::<[u8; 32]>().read() }, [9; 32]);
    free(&HEAP, block, SMALL);
}

#[test]
fn handlers_free_blocks_of_every_region() {
    static FIRST: StaticRegion<1024, Interrupted> = StaticRegion::new();
    static SECOND: StaticRegion<1024, Interrupted> = StaticRegion::new();
    static TINY: StaticRegion<8, Interrupted> = StaticRegion::new();
    static HEAP: InterruptHeap<Interrupted> = InterruptHeap::new();
    assert_eq!(alloc(&HEAP, SMALL), None);
    assert_eq!(HEAP.claim_region(&FIRST), Ok(()));
    assert_eq!(HEAP.claim_region(&FIRST), Err(ClaimError::Taken));
    assert_eq!(HEAP.claim_region(&TINY), Err(ClaimError::TooSmall(RegionTooSmall)));
    assert_eq!(HEAP.claim_region(&SECOND), Ok(()));
    let blocks: Vec<_> = core::iter::from_fn(|| alloc(&HEAP, SMALL)).collect();
    in_a_handler(|| blocks.iter().for_each(|&block| free(&HEAP, block, SMALL)));
    assert_eq!(HEAP.stats().map(|stats| (stats.regions, stats.used)), Some((2, 0)));
}

/// A block that says what must be in it.
struct Filled {
    start: NonNull<u8>,
    layout: Layout,
    byte: u8,
}

// SAFETY: its owner alone uses it.
unsafe impl Send for Filled {}

impl Filled {
    fn new(heap: &impl GlobalAlloc, number: usize) -> Option<Self> {
        let layout = Layout::from_size_align(1 + number * 37 % 300, 8).expect("a valid layout");
        let (start, byte) = (alloc(heap, layout)?, number.to_le_bytes()[0]);
        // SAFETY: just allocated for that.
        unsafe { start.write_bytes(byte, layout.size()) };
        Some(Self { start, layout, byte })
    }

    fn free(self, heap: &impl GlobalAlloc) {
        // SAFETY: all of it was written.
        let contents = unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.layout.size()) };
        assert!(contents.iter().all(|&byte| byte == self.byte));
        free(heap, self.start, self.layout);
    }
}

#[test]
fn threads_that_stand_in_for_handlers_share_the_heap() {
    static MEMORY: StaticRegion<{ 256 << 10 }> = StaticRegion::new();
    static HEAP: InterruptHeap<DefaultLock, 128, 4> = InterruptHeap::with_region(&MEMORY);
    const ROUNDS: usize = if cfg!(miri) { 60 } else { 30_000 };
    HEAP.prepare();
    let (to_handlers, from_main) = mpsc::sync_channel::<Filled>(16);
    let (from_main, to_main) = (Mutex::new(from_main), Mutex::new(VecDeque::<Filled>::new()));
    let handler = |seed: usize| {
        for number in 0.. {
            let Ok(block) = from_main.lock().expect("no panics").recv() else { return };
            block.free(&HEAP);
            let mut to_main = to_main.lock().expect("no panics");
            if to_main.len() < 16
                && let Some(block) = Filled::new(&HEAP, number * 3 + seed)
            {
                to_main.push_back(block);
            }
        }
    };
    let main = |to_handlers: mpsc::SyncSender<Filled>| {
        for number in 0..ROUNDS {
            if let Some(block) = Filled::new(&HEAP, number) {
                to_handlers.send(block).expect("handlers listen");
            }
            let back = to_main.lock().expect("no panics").pop_front();
            back.into_iter().for_each(|block| block.free(&HEAP));
        }
    };
    thread::scope(|scope| {
        (0..2).for_each(|seed| drop(scope.spawn(move || handler(seed))));
        main(to_handlers);
    });
    to_main.into_inner().expect("no panics").into_iter().for_each(|block| block.free(&HEAP));
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(4), "the reserve");
    assert_eq!(HEAP.verify(), Some(Ok(())));
}

struct ThisTest;

// SAFETY: each lock of this type is used by one thread only.
unsafe impl SingleCore for ThisTest {}

#[test]
fn a_flag_is_lock_enough_on_one_core() {
    use lock_api::RawMutex;

    static MEMORY: StaticRegion<4096, SingleCoreLock<ThisTest>> = StaticRegion::new();
    static HEAP: LockedHeap<SingleCoreLock<ThisTest>> = LockedHeap::with_region(&MEMORY);
    let block = alloc(&HEAP, SMALL).expect("there is room");
    free(&HEAP, block, SMALL);
    assert_eq!(HEAP.stats().used, 0);

    let lock = SingleCoreLock::<ThisTest>::INIT;
    assert!(lock.try_lock());
    assert!(!lock.try_lock());
    // SAFETY: locked above.
    unsafe { lock.unlock() };
    assert!(lock.try_lock());
}

#[test]
#[should_panic(expected = "an interrupt handler would wait for what it interrupted")]
fn nobody_waits_for_a_flag() {
    use lock_api::RawMutex;

    let lock = SingleCoreLock::<ThisTest>::INIT;
    lock.lock();
    lock.lock();
}
