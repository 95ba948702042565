//! What is in use of what the program asked for, to the byte: the counters behind [`Metered`](crate::Metered).
//!
//! ```text
//!   request ─▶ Metered ─▶ the process's counters: atomic, for all threads
//!                    └──▶ the thread's own: what a thread asked for, less what it freed
//! ```
//!
//! A block that one thread asked for and another frees goes up here and down there; the sum over all threads is the process's.
//!
//! ```
//! use mudlark_inspect::{Metered, meter};
//! use std::alloc::System;
//!
//! # #[cfg(not(miri))]
//! #[global_allocator]
//! static ALLOCATOR: Metered<System> = Metered::new(System);
//! # if cfg!(miri) { return }
//!
//! let (squares, cost) = meter::measure(|| (0..1000_u64).map(|n| n * n).collect::<Vec<_>>());
//! assert_eq!((cost.held, cost.peak, cost.requests), (8000, 8000, 1));
//! assert!(meter::usage().bytes >= 8000);
//!
//! let (sum, cost) = meter::measure(|| squares.iter().map(|square| square + 1).sum::<u64>());
//! assert_eq!((sum, cost.peak), (332_834_500, 0));
//! ```

use core::alloc::Layout;
use core::cell::Cell;
use core::hint;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::OnceLock;

/// What the process has asked for. Figures of one moment, if no other thread allocates meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Bytes that were asked for and are not freed.
    pub bytes: usize,
    /// The most that this has been since the start, or since [`reset_peak`].
    pub peak_bytes: usize,
    /// Blocks that are not freed.
    pub blocks: usize,
    /// Requests since the start that were served. One that resizes a block is one.
    pub requests: u64,
}

/// What some work cost, by [`measure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The bytes by which more is in use after it. Less than zero if it has freed what was there before.
    pub held: isize,
    /// The bytes by which more was in use at its worst moment.
    pub peak: usize,
    /// Its requests.
    pub requests: u64,
}

/// The process's counters.
///
/// They are counters and no more: nothing is read or written because of what they say, so no order is needed. Sums wrap, so
/// that one that is read between another thread's two steps is wrong for that moment only.
struct Counters {
    bytes: AtomicUsize,
    peak: AtomicUsize,
    /// Blocks that were ever freed.
    frees: AtomicU64,
    /// Blocks that were ever handed out.
    allocations: AtomicU64,
    resizes: AtomicU64,
}

static PROCESS: Counters = Counters {
    bytes: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
    frees: AtomicU64::new(0),
    allocations: AtomicU64::new(0),
    resizes: AtomicU64::new(0),
};

/// A thread's own counters.
struct ThreadCounters {
    bytes: Cell<isize>,
    peak: Cell<isize>,
    requests: Cell<u64>,
    /// Nothing counts for now: the profiler itself is at work.
    is_off: Cell<bool>,
}

std::thread_local! {
    // Without a destructor, so that it is there as long as its thread allocates.
    static THREAD: ThreadCounters = const {
        ThreadCounters { bytes: Cell::new(0), peak: Cell::new(0), requests: Cell::new(0), is_off: Cell::new(false) }
    };
}

/// What the process has in use.
///
/// All figures are zero if no [`Metered`](crate::Metered) is the program's allocator: see [`is_installed`].
#[must_use]
pub fn usage() -> Usage {
    let allocations = PROCESS.allocations.load(Relaxed);
    let bytes = bytes();
    Usage {
        bytes,
        peak_bytes: PROCESS.peak.load(Relaxed).max(bytes),
        blocks: usize::try_from(allocations.saturating_sub(PROCESS.frees.load(Relaxed))).unwrap_or(usize::MAX),
        requests: allocations + PROCESS.resizes.load(Relaxed),
    }
}

/// The bytes that the process has in use: [`Usage::bytes`], for one read.
#[must_use]
pub fn bytes() -> usize {
    // Below zero only for a moment, or after memory was freed that had not been counted.
    let bytes = PROCESS.bytes.load(Relaxed);
    if bytes.cast_signed() < 0 { 0 } else { bytes }
}

/// The bytes that the calling thread asked for, less those that it freed, whoever had asked for them.
#[must_use]
pub fn thread_bytes() -> isize {
    THREAD.with(|thread| thread.bytes.get())
}

/// Sets the peak to what is in use now.
pub fn reset_peak() {
    PROCESS.peak.store(bytes(), Relaxed);
}

/// Whether requests of this program are counted, by making one.
#[must_use]
pub fn is_installed() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let requests = || THREAD.with(|thread| thread.requests.get());
        let before = requests();
        // One that cannot be left out.
        drop(hint::black_box(Box::new(hint::black_box(0_u8))));
        requests() != before
    })
}

/// Does some work and says what it cost, as far as the calling thread did it. May be nested.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let measuring = Measuring::start();
    let result = work();
    let cost = measuring.cost();
    (result, cost)
}

/// Puts the thread's peak back when it ends, be it by a panic.
struct Measuring {
    start: isize,
    requests: u64,
    peak_before: isize,
}

impl Measuring {
    fn start() -> Self {
        THREAD.with(|thread| {
            let start = thread.bytes.get();
            Self { start, requests: thread.requests.get(), peak_before: thread.peak.replace(start) }
        })
    }

    fn cost(&self) -> Cost {
        THREAD.with(|thread| Cost {
            held: thread.bytes.get() - self.start,
            peak: (thread.peak.get() - self.start).unsigned_abs(),
            requests: thread.requests.get() - self.requests,
        })
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        THREAD.with(|thread| thread.peak.set(thread.peak.get().max(self.peak_before)));
    }
}

/// Does what the profiler needs for itself: what is allocated and freed meanwhile does not count. What is allocated inside is
/// to be freed inside of such a call, too.
pub(crate) fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    struct On(bool);
    impl Drop for On {
        fn drop(&mut self) {
            THREAD.with(|thread| thread.is_off.set(self.0));
        }
    }
    let _on = On(THREAD.with(|thread| thread.is_off.replace(true)));
    work()
}

/// A block was handed out.
#[inline]
pub(crate) fn allocated(layout: Layout) {
    if THREAD.with(|thread| thread.grow(signed(layout.size()))) {
        PROCESS.allocations.fetch_add(1, Relaxed);
        grow(layout.size());
    }
}

/// A block is about to be freed.
#[inline]
pub(crate) fn freed(layout: Layout) {
    if THREAD.with(|thread| thread.shrink(signed(layout.size()))) {
        PROCESS.frees.fetch_add(1, Relaxed);
        PROCESS.bytes.fetch_sub(layout.size(), Relaxed);
    }
}

/// A block was resized. It counts as one block all the time.
#[inline]
pub(crate) fn resized(from: Layout, size: usize) {
    if THREAD.with(|thread| thread.grow(signed(size) - signed(from.size()))) {
        PROCESS.resizes.fetch_add(1, Relaxed);
        grow(size.wrapping_sub(from.size()));
    }
}

/// Adds to what is in use; what is more than half of all numbers is less than nothing.
#[inline]
fn grow(bytes: usize) {
    let in_use = PROCESS.bytes.fetch_add(bytes, Relaxed).wrapping_add(bytes);
    if bytes.cast_signed() > 0 && in_use > PROCESS.peak.load(Relaxed) && in_use.cast_signed() > 0 {
        PROCESS.peak.fetch_max(in_use, Relaxed);
    }
}

/// A Layout's size is at most `isize::MAX`.
#[inline]
const fn signed(size: usize) -> isize {
    size.cast_signed()
}

impl ThreadCounters {
    /// Counts a request. Whether it counts at all.
    #[inline]
    fn grow(&self, bytes: isize) -> bool {
        if self.is_off.get() {
            return false;
        }
        let now = self.bytes.get().wrapping_add(bytes);
        self.bytes.set(now);
        self.peak.set(self.peak.get().max(now));
        self.requests.set(self.requests.get() + 1);
        true
    }

    #[inline]
    fn shrink(&self, bytes: isize) -> bool {
        if self.is_off.get() {
            return false;
        }
        self.bytes.set(self.bytes.get().wrapping_sub(bytes));
        true
    }
}
