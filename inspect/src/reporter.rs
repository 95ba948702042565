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
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeapReports {
    /// The whole, and each class.
    pub(crate) heap: fn() -> Vec<Event<'static>>,
    /// Each page.
    pub(crate) pages: fn() -> Vec<Event<'static>>,
}

/// How much the heap says of itself.
#[derive(Debug)]
pub(crate) enum Detail<'a> {
    /// Each class, and each page if the heap is fuller than ever.
    Classes(&'a mut Fullest),
    /// Each page in any case.
    Pages,
}

/// What the heap had in use when it told of its pages last.
#[derive(Debug, Default)]
pub(crate) struct Fullest(u64);

impl Fullest {
    /// Whether there is so much more in use now that pages are worth another look: an eighth. So they are near the peak when
    /// they are told of last before it, and a heap that grows to n bytes tells of them log n times.
    fn is_outgrown(&mut self, heap: &[Event<'_>]) -> bool {
        let Some(&Event::Heap { used, .. }) = heap.first() else { return false };
        let is_outgrown = used > self.0 + self.0 / 8;
        if is_outgrown {
            self.0 = used;
        }
        is_outgrown
    }
}

/// Writes what the heap says of itself.
pub(crate) fn report_state(reports: &HeapReports, detail: Detail<'_>) {
    let _recording = Recording::begin();
    let heap = (reports.heap)();
    let wants_pages = match detail {
        Detail::Classes(fullest) => fullest.is_outgrown(&heap),
        Detail::Pages => true,
    };
    let pages = if wants_pages { (reports.pages)() } else { Vec::new() };
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
    ///
    /// The first figures come soon, and then after twice as long each time, up to the period: a program that ends before that
    /// has some, too.
    pub(crate) fn start(period: Duration, reports: HeapReports) -> Option<Self> {
        const FIRST: Duration = Duration::from_millis(1);

        // What a thread takes is not the program's.
        let _recording = Recording::begin();
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            let (mut wait, mut fullest) = (FIRST.min(period), Fullest::default());
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                report_state(&reports, Detail::Classes(&mut fullest));
                wait = (wait * 2).min(period);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_that_grows_tells_of_its_pages_now_and_then_and_when_it_is_near_its_peak() {
        let mut fullest = Fullest::default();
        let mut last = 0;
        let mut times = 0;
        for used in (0..1_000_000).step_by(1000) {
            let heap =
                [Event::Heap { requested: 0, used, cached: 0, large: 0, committed: 0, reserved: 0 }, Event::Stopped {}];
            if fullest.is_outgrown(&heap) {
                (last, times) = (used, times + 1);
            }
        }
        assert!(last > 880_000 && times < 80, "{times} times, last at {last}");
        assert!(!fullest.is_outgrown(&[]), "a heap that tells nothing has no pages");
    }
}
