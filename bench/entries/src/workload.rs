//! A workload: something to do, the same for every entry of its group.

use crate::outcome::Outcome;
use crate::scale::Scale;

/// One row of the race's tables.
pub(crate) struct Workload {
    /// Its name on the command line and in the tables.
    pub(crate) name: &'static str,
    /// What it does. It times itself, so that it may prepare something first.
    pub(crate) run: fn(Scale) -> Outcome,
    /// The same loop without the thing that is measured, where instructions are worth counting: short operations, one
    /// thread, and a preparation that does not depend on the scale.
    pub(crate) loop_alone: Option<fn(Scale) -> Outcome>,
    /// Whether a run takes about a second at any scale, so that a quick race has no time for it.
    pub(crate) long: bool,
}

impl Workload {
    /// A workload that is timed.
    pub(crate) const fn new(name: &'static str, run: fn(Scale) -> Outcome) -> Self {
        Self { name, run, loop_alone: None, long: false }
    }

    /// The workload, whose instructions are counted, less those of `loop_alone`.
    #[cfg(not(feature = "region"))]
    pub(crate) const fn counted(self, loop_alone: fn(Scale) -> Outcome) -> Self {
        Self { loop_alone: Some(loop_alone), ..self }
    }

    /// The workload, which a quick race leaves out.
    #[cfg(any(feature = "alloc", feature = "gc-group"))]
    pub(crate) const fn long(self) -> Self {
        Self { long: true, ..self }
    }
}
