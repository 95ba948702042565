//! How much of a workload is done: all of it, or only a part.

use core::num::NonZero;

/// A workload's full size is divided by this: 1 for a full race, 16 for a quick one, a lot for a check or a count.
///
/// What is done over and over is divided. What a workload holds at a time (a window, live blocks) stays in a quick race,
/// or is divided too where its doc comment says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale(NonZero<usize>);

impl Scale {
    /// The scale that divides by `divisor`.
    pub(crate) const fn new(divisor: NonZero<usize>) -> Self {
        Self(divisor)
    }

    /// What is left of `full` steps or things, at least one.
    pub(crate) const fn of(self, full: usize) -> usize {
        let part = full / self.0.get();
        if part == 0 { 1 } else { part }
    }

    /// How many of `full` things are held at a time: all, but in a check, which is over in a moment, only some.
    #[cfg(not(feature = "region"))]
    pub(crate) const fn held(self, full: usize) -> usize {
        const QUICK: usize = 16;
        if self.0.get() <= QUICK { full } else { self.of(full) }
    }
}
