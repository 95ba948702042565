//! What one run of a workload has to say.

use core::time::Duration;
use std::time::Instant;

/// The result of one run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How many operations were timed. What counts as one is the workload's to say.
    pub(crate) operations: usize,
    /// The time they took all together.
    pub(crate) elapsed: Duration,
    /// A number made from what the program computed: equal in all entries, or they did not do the same work.
    pub(crate) checksum: u64,
    /// Further figures, each with its name.
    pub(crate) figures: Vec<(&'static str, f64)>,
}

impl Outcome {
    /// Adds a figure.
    pub(crate) fn with(mut self, name: &'static str, figure: f64) -> Self {
        self.figures.push((name, figure));
        self
    }
}

/// Times `work`, which returns a checksum, as `operations` operations.
pub(crate) fn timed(operations: usize, work: impl FnOnce() -> u64) -> Outcome {
    let start = Instant::now();
    let checksum = work();
    Outcome { operations, elapsed: start.elapsed(), checksum, figures: Vec::new() }
}

/// A checksum that grows by one number after the other. The order counts.
pub(crate) fn mix(checksum: u64, number: u64) -> u64 {
    (checksum.rotate_left(5) ^ number).wrapping_mul(0x517C_C1B7_2722_0A95)
}
