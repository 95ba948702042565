//! The log, on the board's line.

use mudlark_core_alloc::CriticalSectionLock;
use mudlark_gc::Collector;
use mudlark_hooks::{Event, Hooks, NameOf, Recorder, Sink, tell_of_collections};

use super::counts::Counts;
use crate::{board, heap, say};

/// Who is told what the heap does.
pub type Told = (Counts, Recorder<Line, fn() -> u64, CriticalSectionLock, 1024>);

/// The board's line. Chunks are sent in a critical section, so that no text comes into them.
pub struct Line;

impl Sink for Line {
    fn write(&mut self, chunk: &[u8]) {
        board::send(chunk);
    }
}

/// Those who are told.
pub const fn told() -> Told {
    (Counts::new(), Recorder::new(Line, board::now))
}

/// Begins the log. Before the heap is used first.
pub fn start() {
    let log = &heap::told().1;
    log.start(board::ticks_per_second(), "bare-metal");
    log.write(&Event::Name { of: NameOf::Allocator, id: 0, text: "LockedHeap" });
}

/// Does some work, under this name.
pub fn within(name: &'static str, work: fn()) {
    let log = &heap::told().1;
    log.scope_entered(name);
    work();
    log.scope_left();
}

/// Has a collector's collections be in the log, under this name. There is one such.
pub fn watch(collector: &Collector, name: &'static str) {
    let log = &heap::told().1;
    log.write(&Event::Name { of: NameOf::Collector, id: 1, text: name });
    tell_of_collections(log, collector, 1);
}

/// Has the heap tell of itself.
pub fn tell_state() {
    let (counts, log) = heap::told();
    let stats = heap::shared().stats();
    log.write(&Event::Heap {
        requested: counts.now().live_bytes as u64,
        used: stats.used as u64,
        cached: 0,
        large: 0,
        committed: stats.total as u64,
        reserved: stats.total as u64,
    });
}

/// Ends the log, and prints what it should say.
pub fn finish() {
    let (counts, log) = heap::told();
    tell_state();
    log.write(&Event::Stopped {});
    log.flush();
    say!("the heap: {}, {} blocks in use", counts.now(), heap::shared().stats().blocks);
}
