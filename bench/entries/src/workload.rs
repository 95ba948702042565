//! A workload: something to do, the same for every entry of its group.

use crate::outcome::Outcome;
use crate::scale::Scale;

/// One row of the race's tables.
pub(crate) struct Workload {
    /// Its name on the command line and in the tables.
    pub(crate) name: &'static str,
    /// What it does. It times itself, so that it may prepare something first.
    pub(crate) run: fn(Scale) -> Outcome,
    /// Whether its instructions are worth counting: short operations, one thread, and a preparation that does not
    /// depend on the scale.
    pub(crate) instructions: bool,
}

impl Workload {
    /// A workload that is timed.
    pub(crate) const fn new(name: &'static str, run: fn(Scale) -> Outcome) -> Self {
        Self { name, run, instructions: false }
    }

    /// A workload that is timed, and whose instructions are counted.
    pub(crate) const fn counted_too(name: &'static str, run: fn(Scale) -> Outcome) -> Self {
        Self { name, run, instructions: true }
    }
}
