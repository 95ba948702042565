//! A thread that has the heap tell of itself every now and then, while a recording is made.

use core::time::Duration;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};

use mudlark_hooks::Event;

use crate::engine;
use crate::own_thread::OwnThread;
use crate::report;
use crate::signals::without_signals;
use crate::thread::Recording;

/// What a heap says of itself.
pub(crate) type HeapReport = fn() -> Vec<Event<'static>>;

/// How much the heap says of itself.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Detail {
    /// Each class.
    Classes,
    /// And each page.
    Pages,
}

/// Writes what the heap says of itself.
pub(crate) fn report_state(heap: HeapReport, detail: Detail) {
    let _recording = Recording::begin();
    let heap = heap();
    let pages = if detail == Detail::Pages { report::pages() } else { Vec::new() };
    let resident = report::resident();
    engine::write_together(|write| {
        heap.iter().chain(&pages).for_each(&mut *write);
        if let Some(bytes) = resident {
            write(&Event::Resident { bytes });
        }
    });
}

/// A thread that has the heap tell of itself every now and then.
#[derive(Debug)]
pub(crate) struct Reporter {
    /// Closed to end the thread.
    stop: Sender<()>,
    thread: OwnThread,
}

impl Reporter {
    /// Starts it. Where no thread can be had, there are no figures before the end.
    pub(crate) fn start(period: Duration, heap: HeapReport) -> Option<Self> {
        // What a thread takes is not the program's.
        let _recording = Recording::begin();
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                report_state(heap, Detail::Classes);
            }
        };
        // Signals are the program's own to handle.
        let thread = without_signals(|| OwnThread::start(c"mudlark-report", work))?;
        Some(Self { stop, thread })
    }

    pub(crate) fn stop(self) {
        let _recording = Recording::begin();
        drop(self.stop);
        self.thread.join();
    }
}
