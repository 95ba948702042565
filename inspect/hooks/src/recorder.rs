//! Hooks that write the log where there is no operating system.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use lock_api::{Mutex, RawMutex};

use crate::event::{Event, NameOf, Step};
use crate::field::Address;
use crate::hooks::Hooks;
use crate::scopes::Scopes;
use crate::writer::{Sink, Writer};

/// Hooks that write all that they are told to a [`Sink`]: a serial line, or a [`Ring`](crate::Ring) in memory.
///
/// The events are collected to chunks of at most `CHUNK` bytes in the recorder itself, which is all the memory it takes.
/// `C` is a function that tells the time.
///
/// `R` is the lock, as of a `LockedHeap`. Nobody ever waits for it: what happens while another core has it, or in an
/// interrupt handler while the interrupted program has it, is counted as [`Lost`](Event::Lost). A lock that disables
/// interrupts, as a critical section does, loses nothing on one core.
///
/// ```
/// use mudlark_core_alloc::{DefaultLock, LockedHeap, StaticRegion};
/// use mudlark_hooks::{Event, Hooked, Reader, Recorder, Ring};
///
/// static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();
///
/// type Log = Recorder<Ring<4096>, fn() -> u64, DefaultLock>;
///
/// // Here it would be the global allocator.
/// static HEAP: Hooked<LockedHeap, Log> =
///     Hooked::new(LockedHeap::with_region(&MEMORY), Recorder::new(Ring::new(), microseconds));
///
/// fn microseconds() -> u64 {
///     0 // as a timer of the board has it
/// }
///
/// HEAP.hooks().start(1_000_000, "blinky");
/// # use core::alloc::{GlobalAlloc, Layout};
/// # // SAFETY: the size is not zero.
/// # let block = unsafe { HEAP.alloc(Layout::new::<u64>()) };
/// # // SAFETY: just allocated, for this layout.
/// # unsafe { HEAP.dealloc(block, Layout::new::<u64>()) };
/// HEAP.hooks().mark("a first block came and went");
///
/// let log = HEAP.hooks().with_sink(|ring| ring.parts().concat()).expect("nobody else is at it");
/// assert!(Reader::new(&log).any(|record| matches!(record.event, Event::Allocated { size: 8, .. })));
/// ```
pub struct Recorder<S, C, R, const CHUNK: usize = 256> {
    log: Mutex<R, Log<S, CHUNK>>,
    clock: C,
    lost: AtomicU32,
}

/// What the lock guards.
struct Log<S, const CHUNK: usize> {
    writer: Writer<S, CHUNK>,
    scopes: Scopes,
}

impl<S: Sink, C, R: RawMutex, const CHUNK: usize> Recorder<S, C, R, CHUNK> {
    /// A recorder whose log is empty.
    pub const fn new(sink: S, clock: C) -> Self {
        let log = Log { writer: Writer::new(sink), scopes: Scopes::new() };
        Self { log: Mutex::new(log), clock, lost: AtomicU32::new(0) }
    }
}

impl<S: Sink, C: Fn() -> u64, R: RawMutex, const CHUNK: usize> Recorder<S, C, R, CHUNK> {
    /// Writes the beginning of the log: how fast the clock runs, and what the program is called.
    pub fn start(&self, ticks_per_second: u64, program: &str) {
        let started = Event::Started {
            process: 0,
            pointer_bytes: u8::try_from(size_of::<usize>()).unwrap_or(0),
            ticks_per_second,
            unix_nanoseconds: 0,
            sample_interval: 1,
        };
        self.with_log(|log, time| {
            log.writer.write(time, &started);
            log.writer.write(time, &Event::Name { of: NameOf::Program, id: 0, text: program });
        });
    }

    /// Writes that the program has come to some point.
    pub fn mark(&self, text: &str) {
        self.write(&Event::Mark { text });
    }

    /// Writes an event of one's own choice: what a heap says of itself, say.
    pub fn write(&self, event: &Event<'_>) {
        self.with_log(|log, time| log.writer.write_of(0, log.scopes.current(), time, event));
    }

    /// Hands what is collected to the sink.
    pub fn flush(&self) {
        self.with_log(|log, _| log.writer.flush());
    }

    /// Flushes, and calls `look` with the sink. `None` if somebody is at it; that is what this is called from, perhaps.
    pub fn with_sink<T>(&self, look: impl FnOnce(&mut S) -> T) -> Option<T> {
        let mut log = self.log.try_lock()?;
        log.writer.flush();
        Some(look(log.writer.sink_mut()))
    }

    /// Calls `write` with the log and the time, or counts that this could not be done.
    fn with_log(&self, write: impl FnOnce(&mut Log<S, CHUNK>, u64)) {
        let Some(mut log) = self.log.try_lock() else { return self.count_as_lost() };
        let time = (self.clock)();
        if self.lost.load(Relaxed) > 0 {
            let events = self.lost.swap_or_take();
            log.writer.write(time, &Event::Lost { events: u64::from(events) });
        }
        write(&mut log, time);
    }

    #[cold]
    fn count_as_lost(&self) {
        self.lost.increment();
    }
}

/// A counter, on processors without compare-and-swap as well.
trait Counter {
    fn increment(&self);
    fn swap_or_take(&self) -> u32;
}

#[cfg(target_has_atomic = "32")]
impl Counter for AtomicU32 {
    fn increment(&self) {
        self.fetch_add(1, Relaxed);
    }

    fn swap_or_take(&self) -> u32 {
        self.swap(0, Relaxed)
    }
}

/// An interrupt between load and store may make it one less than it is; it is never zero where something was lost.
#[cfg(not(target_has_atomic = "32"))]
impl Counter for AtomicU32 {
    fn increment(&self) {
        self.store(self.load(Relaxed) + 1, Relaxed);
    }

    fn swap_or_take(&self) -> u32 {
        let count = self.load(Relaxed);
        self.store(0, Relaxed);
        count
    }
}

impl<S: Sink, C: Fn() -> u64, R: RawMutex, const CHUNK: usize> Hooks for Recorder<S, C, R, CHUNK> {
    fn allocated(&self, block: NonNull<u8>, layout: Layout) {
        let (size, align) = (layout.size() as u64, layout.align() as u64);
        self.write(&Event::Allocated { address: Address::of(block.as_ptr()), size, align, stack: 0 });
    }

    fn freed(&self, block: NonNull<u8>, _layout: Layout) {
        self.write(&Event::Freed { address: Address::of(block.as_ptr()) });
    }

    fn reallocated(&self, from: Address, old: Layout, block: NonNull<u8>, new: Layout) {
        if old.align() == new.align() {
            let to = Address::of(block.as_ptr());
            self.write(&Event::Reallocated { from, to, size: new.size() as u64, stack: 0 });
        } else {
            self.write(&Event::Freed { address: from });
            self.allocated(block, new);
        }
    }

    fn refused(&self, layout: Layout) {
        self.write(&Event::Refused { size: layout.size() as u64, align: layout.align() as u64, stack: 0 });
    }

    fn region_taken(&self, start: Address, size: usize) {
        self.write(&Event::RegionTaken { address: start, size: size as u64 });
    }

    fn region_given_back(&self, start: Address, size: usize) {
        self.write(&Event::RegionGivenBack { address: start, size: size as u64 });
    }

    fn collection_started(&self, collector: u32, generation: u8, candidates: u64) {
        self.write(&Event::CollectionStarted { collector, generation, candidates });
    }

    fn collection_step(&self, collector: u32, step: Step) {
        self.write(&Event::CollectionStep { collector, step });
    }

    fn collection_stopped(&self, collector: u32, collected: u64) {
        self.write(&Event::CollectionStopped { collector, collected });
    }

    fn scope_entered(&self, name: &'static str) {
        self.with_log(|log, time| log.scopes.enter(name, |event| log.writer.write(time, event)));
    }

    fn scope_left(&self) {
        self.with_log(|log, _| log.scopes.leave());
    }
}

impl<S: fmt::Debug, C, R: RawMutex, const CHUNK: usize> fmt::Debug for Recorder<S, C, R, CHUNK> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not locked while it is written, because the writer may allocate.
        f.debug_struct("Recorder").field("lost", &self.lost).finish_non_exhaustive()
    }
}
