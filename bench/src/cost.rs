//! What a child costs: the time it takes, and the time that processors work for it.

use core::time::Duration;
use std::time::Instant;

/// What one child cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time of all its threads, from loading it to taking its memory away; `None` where the system does
    /// not tell.
    pub(crate) processor: Option<Duration>,
}

/// A meter that runs while a child does.
#[derive(Debug)]
pub(crate) struct Meter {
    start: Instant,
    processor: Option<Duration>,
}

impl Meter {
    /// Starts the meter; the child is to be started next.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), processor: of_all_children() }
    }

    /// The cost of the child, which must have been waited for, and be the only one since the start.
    pub(crate) fn stop(&self) -> Cost {
        let processor = of_all_children().zip(self.processor).map(|(now, before)| now.saturating_sub(before));
        Cost { wall: self.start.elapsed(), processor }
    }
}

/// Processor time of all children that were waited for.
#[cfg(unix)]
fn of_all_children() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let duration = |time: TimeVal| {
        let (seconds, micros) = (u64::try_from(time.tv_sec()).ok()?, u64::try_from(time.tv_usec()).ok()?);
        Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
    };
    Some(duration(usage.user_time())? + duration(usage.system_time())?)
}

/// No time that is known.
#[cfg(not(unix))]
fn of_all_children() -> Option<Duration> {
    None
}
