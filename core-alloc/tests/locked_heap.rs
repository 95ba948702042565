//! The locked heap as a global allocator: shared, started late, and never unwinding.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::process::Command;
use std::thread;

use mudlark_core_alloc::{ClaimError, LockedHeap, RegionTooSmall, StaticRegion};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

/// Enough for the test harness, and for a backtrace with all symbols, which an abort prints.
const SIZE: usize = if cfg!(miri) { 4 << 20 } else { 256 << 20 };

static MEMORY: StaticRegion<SIZE> = StaticRegion::new();

/// All of this test program's own memory comes from the heap under test. Not under Miri, which takes a `Box` that is
/// passed to a function for protected until the function returns, even if that frees it, and so objects to an allocator
/// that uses what is freed.
#[cfg_attr(not(miri), global_allocator)]
static GLOBAL: LockedHeap = LockedHeap::with_region(&MEMORY);

#[test]
fn threads_share_the_heap() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2000 };
    let total: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|seed| scope.spawn(move || churn(seed, ROUNDS))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker ends well")).sum()
    });
    assert_eq!(total, 4 * ROUNDS * (ROUNDS - 1) / 2);
    let stats = GLOBAL.stats();
    assert_eq!(stats.used + stats.free + stats.overhead, SIZE);
}

/// Strings of many lengths, made, grown and dropped; the sum of the numbers they spell.
fn churn(seed: usize, rounds: usize) -> usize {
    let mut texts: Vec<String> = Vec::new();
    let mut sum = 0;
    for round in 0..rounds {
        let mut text = round.to_string();
        text.extend(core::iter::repeat_n(' ', (round * 7 + seed * 13) % 300));
        texts.push(text);
        if texts.len() > 40 {
            let text = texts.swap_remove((round * 31 + seed) % texts.len());
            sum += text.trim().parse::<usize>().expect("a number with spaces behind");
        }
    }
    sum + texts.iter().map(|text| text.trim().parse::<usize>().expect("a number")).sum::<usize>()
}

#[test]
fn a_static_region_goes_to_one_heap_only() {
    static MEMORY: StaticRegion<4096> = StaticRegion::new();
    static FIRST: LockedHeap = LockedHeap::with_region(&MEMORY);
    static SECOND: LockedHeap = LockedHeap::with_region(&MEMORY);
    static THIRD: LockedHeap = LockedHeap::new();

    // SAFETY: the layout is not empty.
    let block = unsafe { FIRST.alloc(LAYOUT) };
    assert!(!block.is_null());
    // SAFETY: the layout is not empty.
    assert!(unsafe { SECOND.alloc(LAYOUT) }.is_null());
    assert_eq!(THIRD.claim(&MEMORY), Err(ClaimError::Taken));
    assert_eq!(FIRST.claim(&MEMORY), Err(ClaimError::Taken));
    assert_eq!((FIRST.stats().total, SECOND.stats().total), (4096, 0));
    // SAFETY: just allocated for this layout.
    unsafe { FIRST.dealloc(block, LAYOUT) };
}

#[test]
fn the_region_is_claimed_by_the_first_look_at_the_stats() {
    static MEMORY: StaticRegion<4096> = StaticRegion::new();
    static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);
    assert_eq!(HEAP.stats().total, 4096);
}

#[test]
fn a_heap_grows_by_further_regions() {
    static FIRST: StaticRegion<1024> = StaticRegion::new();
    static SECOND: StaticRegion<1024> = StaticRegion::new();
    static TINY: StaticRegion<8> = StaticRegion::new();
    static HEAP: LockedHeap = LockedHeap::new();
    // SAFETY: the layout is not empty.
    let alloc = || !unsafe { HEAP.alloc(LAYOUT) }.is_null();

    assert!(!alloc());
    assert_eq!(HEAP.claim(&FIRST), Ok(()));
    while alloc() {}
    assert_eq!(HEAP.claim(&TINY), Err(ClaimError::TooSmall(RegionTooSmall)));
    assert!(!alloc());
    assert_eq!(HEAP.claim(&SECOND), Ok(()));
    assert!(alloc());
}

#[test]
fn showing_the_heap_may_allocate_from_it() {
    let shown = format!("{GLOBAL:?}");
    assert!(shown.starts_with("LockedHeap"), "{shown}");
    assert!(GLOBAL.stats().to_string().lines().count() > 4);
}

/// A lock for one thread only, which counts how often it was taken: as a critical section would be built.
struct Counting {
    held: Cell<bool>,
}

// SAFETY: only one test, on one thread, uses it.
unsafe impl Sync for Counting {}

static TAKEN: AtomicUsize = AtomicUsize::new(0);

// SAFETY: `held` is set exactly while the lock is held, and there is only one thread.
unsafe impl lock_api::RawMutex for Counting {
    const INIT: Self = Self { held: Cell::new(false) };
    type GuardMarker = lock_api::GuardNoSend;

    fn lock(&self) {
        assert!(self.try_lock(), "locked twice by the only thread");
    }

    fn try_lock(&self) -> bool {
        TAKEN.fetch_add(1, Ordering::Relaxed);
        !self.held.replace(true)
    }

    unsafe fn unlock(&self) {
        self.held.set(false);
    }
}

#[test]
fn any_raw_mutex_will_do() {
    static MEMORY: StaticRegion<4096, Counting> = StaticRegion::new();
    static HEAP: LockedHeap<Counting> = LockedHeap::with_region(&MEMORY);

    // SAFETY: the layout is not empty.
    let block = unsafe { HEAP.alloc_zeroed(LAYOUT) };
    // SAFETY: `block` is live, of this layout.
    let block = unsafe { HEAP.realloc(block, LAYOUT, 100) };
    // SAFETY: the block has 100 bytes, of which the first 32 were zeroed.
    assert_eq!(unsafe { block.cast::<[u8; 32]>().read() }, [0; 32]);
    // SAFETY: `block` is live, of this layout.
    unsafe { HEAP.dealloc(block, Layout::from_size_align(100, 8).expect("a valid layout")) };
    assert_eq!(HEAP.stats().blocks, 0);
    // Each operation once, and the region's lock once.
    assert_eq!(TAKEN.load(Ordering::Relaxed), 5);
}

#[test]
#[cfg(feature = "critical-section")]
fn threads_share_a_heap_in_critical_sections() {
    use mudlark_core_alloc::CriticalSectionLock;

    static MEMORY: StaticRegion<{ 64 << 10 }, CriticalSectionLock> = StaticRegion::new();
    static HEAP: LockedHeap<CriticalSectionLock> = LockedHeap::with_region(&MEMORY);

    const ROUNDS: usize = if cfg!(miri) { 20 } else { 5000 };
    let churn = |seed: usize| {
        for round in 0..ROUNDS {
            let layout = Layout::from_size_align(1 + (round * 37 + seed) % 900, 8).expect("a valid layout");
            // SAFETY: the layout is not empty.
            let block = unsafe { HEAP.alloc_zeroed(layout) };
            assert!(!block.is_null());
            // SAFETY: just allocated for it.
            unsafe { block.write_bytes(1, layout.size()) };
            // SAFETY: likewise, and not used again.
            unsafe { HEAP.dealloc(block, layout) };
        }
    };
    thread::scope(|scope| (0..3).for_each(|seed| drop(scope.spawn(move || churn(seed)))));
    assert_eq!((HEAP.stats().blocks, HEAP.verify()), (0, Ok(())));
}

#[test]
fn pages_can_be_chosen() {
    use mudlark_core_alloc::{DefaultLock, PagedHeap};

    static MEMORY: StaticRegion<4096> = StaticRegion::new();
    static HEAP: LockedHeap<DefaultLock, PagedHeap> = LockedHeap::with_region(&MEMORY);
    // SAFETY: the layout is not empty.
    let block = unsafe { HEAP.alloc(LAYOUT) };
    assert_eq!(HEAP.stats().pages, 1);
    // SAFETY: just allocated for this layout.
    unsafe { HEAP.dealloc(block, LAYOUT) };
}

#[test]
fn a_broken_contract_aborts_and_neither_unwinds_nor_hangs() {
    const VARIABLE: &str = "MUDLARK_TEST_BREAK_THE_CONTRACT";
    if std::env::var_os(VARIABLE).is_some() {
        let mut elsewhere = 0_u128;
        // SAFETY: not kept; the heap panics before it relies on it.
        let free = || unsafe { GLOBAL.dealloc((&raw mut elsewhere).cast(), LAYOUT) };
        _ = std::panic::catch_unwind(core::panic::AssertUnwindSafe(free));
        std::process::exit(0);
    }
    if cfg!(miri) {
        return;
    }
    let this = std::env::current_exe().expect("a test program");
    let output = Command::new(this)
        .args(["--exact", "a_broken_contract_aborts_and_neither_unwinds_nor_hangs", "--nocapture"])
        .env(VARIABLE, "1")
        .output()
        .expect("the test program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{stderr}");
    assert!(stderr.contains("lies in no region of this heap"), "{stderr}");
}
