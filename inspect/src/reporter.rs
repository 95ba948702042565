//! A thread that has the heap tell of itself every now and then, while a recording is made.

use core::time::Duration;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Instant;

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

/// What the log was told of the heap last.
#[derive(Debug, Default)]
struct Told {
    sums: Option<Sums>,
    fullest: Fullest,
}

/// What the program has in use, has from the system, and occupies.
type Sums = [u64; 4];

/// Whether something is larger or smaller than what was told by a part that can be seen.
fn are_news(told: Sums, now: Sums) -> bool {
    /// So much goes to and fro by the reports themselves.
    const LEAST: u64 = 16 * 1024;
    told.iter().zip(now).any(|(&told, now)| told.abs_diff(now) > LEAST.max(told / 128))
}

/// What there is to tell at some moment, but for pages.
#[derive(Debug)]
struct State {
    heap: Vec<Event<'static>>,
    resident: Option<u64>,
}

impl State {
    fn now(reports: &HeapReports) -> Self {
        Self { heap: (reports.heap)(), resident: report::resident() }
    }

    fn sums(&self) -> Sums {
        let resident = self.resident.unwrap_or(0);
        match self.heap.first() {
            Some(&Event::Heap { used, committed, reserved, .. }) => [used, committed, reserved, resident],
            _ => [0, 0, 0, resident],
        }
    }

    fn write(&self, pages: &[Event<'_>]) {
        engine::write_together(|write| {
            self.heap.iter().chain(pages).for_each(&mut *write);
            if let Some(bytes) = self.resident {
                write(&Event::Resident { bytes });
            }
        });
    }
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

impl Told {
    /// Writes what the heap says of itself, if that is news; and each page if the heap is fuller than ever.
    fn write_news(&mut self, reports: &HeapReports) {
        let state = State::now(reports);
        let sums = state.sums();
        if self.sums.is_some_and(|told| !are_news(told, sums)) {
            return engine::flush();
        }
        let pages = if self.fullest.is_outgrown(&state.heap) { (reports.pages)() } else { Vec::new() };
        state.write(&pages);
        self.sums = Some(sums);
    }
}

/// Writes what the heap says of itself, and of each page.
pub(crate) fn report_all(reports: &HeapReports) {
    let _recording = Recording::begin();
    State::now(reports).write(&(reports.pages)());
}

/// How long it is from one look at the heap to the next: soon at first, so that a program which ends early has some; then as long as
/// is wished; and of a program that has run for long, a thousandth of that, so that the log of a server that is left on grows
/// slower and slower.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    period: Duration,
    wait: Duration,
}

impl Rhythm {
    const FIRST: Duration = Duration::from_millis(1);

    fn of(period: Duration) -> Self {
        Self { period, wait: Self::FIRST.min(period) }
    }

    /// Goes on after a look, when the recording is so old.
    fn go_on(&mut self, age: Duration) {
        const PART_OF_AGE: u32 = 1000;
        self.wait = (self.wait * 2).min(self.period.max(age / PART_OF_AGE));
    }
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
    /// The thread is the recorder's: what it asks for is not the program's.
    pub(crate) fn start(period: Duration, reports: HeapReports) -> Option<Self> {
        // What a thread takes is not the program's.
        let _recording = Recording::begin();
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            let (began, mut rhythm, mut told) = (Instant::now(), Rhythm::of(period), Told::default());
            while stopped.recv_timeout(rhythm.wait) == Err(RecvTimeoutError::Timeout) {
                told.write_news(&reports);
                rhythm.go_on(began.elapsed());
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
    fn what_cannot_be_seen_is_no_news() {
        let told = [50 << 20, 1 << 20, 0, 0];
        assert!(!are_news(told, told) && !are_news(told, [(50 << 20) - 5000, (1 << 20) + 16_000, 4096, 0]));
        for (place, change) in [(0, 500_000), (1, 20_000), (2, 64 << 20), (3, 20_000)] {
            let mut now = told;
            now[place] += change;
            assert!(are_news(told, now) && are_news(now, told), "{place}");
        }
    }

    #[test]
    fn a_log_that_is_left_on_grows_slower_and_slower() {
        let looks_in = |seconds: u64| {
            let (mut rhythm, mut age, mut looks) = (Rhythm::of(Duration::from_millis(100)), Duration::ZERO, 0);
            while age < Duration::from_secs(seconds) {
                age += rhythm.wait;
                looks += 1;
                rhythm.go_on(age);
            }
            looks
        };
        assert!((5..20).contains(&looks_in(1)), "{}", looks_in(1));
        assert!((590..620).contains(&looks_in(60)), "{}", looks_in(60));
        assert!((5_000..10_000).contains(&looks_in(24 * 3600)), "{}", looks_in(24 * 3600));
    }

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
