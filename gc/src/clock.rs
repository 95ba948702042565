//! The clock by which collections are timed.

use core::cell::Cell;
use core::time::Duration;

use crate::collector::Collector;

/// Says how much time has passed since some moment that is always the same.
type Reading = fn() -> Duration;

/// Whose clock it is.
#[derive(Clone, Copy)]
enum Source {
    None,
    #[cfg(feature = "std")]
    Monotonic,
    /// The program's: to read it may run anything.
    Program(Reading),
}

/// The clock of one collector, if it has one.
pub(crate) struct Clock(Cell<Source>);

impl Default for Clock {
    fn default() -> Self {
        #[cfg(feature = "std")]
        let source = Source::Monotonic;
        #[cfg(not(feature = "std"))]
        let source = Source::None;
        Self(Cell::new(source))
    }
}

impl Clock {
    pub(crate) fn read(&self) -> Option<Duration> {
        match self.0.get() {
            Source::Program(reading) => Some(reading()),
            _ => self.read_in_the_middle(),
        }
    }

    /// The time, where no code of the program's may run; if the clock is the program's, it is not read.
    pub(crate) fn read_in_the_middle(&self) -> Option<Duration> {
        match self.0.get() {
            Source::None | Source::Program(_) => None,
            #[cfg(feature = "std")]
            Source::Monotonic => Some(monotonic()),
        }
    }

    /// The time since an earlier reading.
    pub(crate) fn since(&self, earlier: Option<Duration>) -> Option<Duration> {
        earlier.and_then(|earlier| self.read()?.checked_sub(earlier))
    }
}

#[cfg(feature = "std")]
fn monotonic() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static FIRST_ASKED: OnceLock<Instant> = OnceLock::new();
    FIRST_ASKED.get_or_init(Instant::now).elapsed()
}

impl Collector {
    /// Sets the clock by which collections are timed, or takes it away. It is read only while somebody wants to know: an
    /// [observer](Collector::observe), or who reads what [`DebugFlags::STATS`](crate::DebugFlags::STATS) has printed.
    ///
    /// A clock says how much time has passed since some moment, no matter which. With the feature `std` a collector begins
    /// with that of `std::time::Instant`; without it has none.
    ///
    /// ```
    /// use core::{cell::Cell, time::Duration};
    /// use mudlark_gc::{Collector, Generation, Phase};
    ///
    /// /// Goes on by a tick whenever it is read, as a board's timer may.
    /// fn ticks() -> Duration {
    ///     thread_local! { static TICKS: Cell<u32> = const { Cell::new(0) }; }
    ///     TICKS.set(TICKS.get() + 1);
    ///     Duration::from_millis(1) * TICKS.get()
    /// }
    ///
    /// let collector = Collector::new();
    /// collector.set_clock(Some(ticks));
    /// collector.observe(|event| if event.phase == Phase::Stop {
    ///     assert_eq!(event.duration, Some(Duration::from_millis(1)));
    /// });
    /// collector.collect(Generation::Old);
    /// ```
    pub fn set_clock(&self, clock: Option<fn() -> Duration>) {
        self.state().clock.0.set(clock.map_or(Source::None, Source::Program));
    }
}
