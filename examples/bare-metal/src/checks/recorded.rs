//! A heap whose hooks write a log to a ring in memory, which is read back here.

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use mudlark_core_alloc::{CriticalSectionLock, LockedHeap, StaticRegion};
use mudlark_hooks::{Event, Hooked, Hooks, Reader, Recorder, Ring};

use super::Random;

type Log = Recorder<Ring<4096>, fn() -> u64, CriticalSectionLock, 128>;

static MEMORY: StaticRegion<{ 8 * 1024 }, CriticalSectionLock> = StaticRegion::new();
static HEAP: Hooked<LockedHeap<CriticalSectionLock>, Log> =
    Hooked::new(LockedHeap::with_region(&MEMORY), Recorder::new(Ring::new(), ticks));

/// A clock that goes on whenever it is looked at.
fn ticks() -> u64 {
    static TICKS: AtomicU32 = AtomicU32::new(0);
    let now = TICKS.load(Relaxed);
    TICKS.store(now + 1, Relaxed);
    now.into()
}

/// Blocks come and go, more than the ring has room for. What it has at the end is what happened last.
pub fn churn() {
    let log = HEAP.hooks();
    log.start(1000, "bare metal");
    let pinned = log.with_sink(Ring::pin);
    assert_eq!(pinned, Some(()), "nobody else is at it");
    log.scope_entered("churn");
    let mut random = Random(7);
    let mut blocks: Vec<(*mut u8, Layout)> = Vec::new();
    for _ in 0..1000 {
        if blocks.len() < 20 {
            let layout = Layout::array::<u32>(1 + random.below(40)).unwrap();
            // SAFETY: the size is not zero.
            let block = unsafe { HEAP.alloc(layout) };
            assert!(!block.is_null());
            blocks.push((block, layout));
        } else {
            let (block, layout) = blocks.swap_remove(random.below(20));
            // SAFETY: it was allocated for the layout, and is not used again.
            unsafe { HEAP.dealloc(block, layout) };
        }
    }
    log.scope_left();
    let last = Vec::from_iter(blocks.iter().map(|(block, layout)| (block.addr() as u64, layout.size() as u64)));
    for (block, layout) in blocks {
        // SAFETY: as above.
        unsafe { HEAP.dealloc(block, layout) };
    }
    assert_eq!(HEAP.allocator().stats().used, 0);
    let bytes = log.with_sink(|ring| ring.parts().concat()).unwrap();
    read_back(&bytes, last);
}

/// The log ends with the frees of those blocks that were there last, and it is known what it is about.
fn read_back(bytes: &[u8], mut last: Vec<(u64, u64)>) {
    let mut records = Reader::new(bytes).map(|record| record.event);
    assert!(matches!(records.next(), Some(Event::Started { ticks_per_second: 1000, .. })));
    assert!(matches!(records.next(), Some(Event::Name { text: "bare metal", .. })));
    let mut requested = Vec::new();
    let mut count = 0;
    for event in records {
        count += 1;
        match event {
            Event::Allocated { address, size, .. } => requested.push((address.0, size)),
            Event::Freed { address } => {
                requested.retain(|block| block.0 != address.0);
                last.retain(|block| block.0 != address.0);
            }
            _ => {}
        }
    }
    assert!(count > 200, "{count} events in {} bytes", bytes.len());
    assert!(requested.is_empty() && last.is_empty());
}
