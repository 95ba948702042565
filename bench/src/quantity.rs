//! What is compared: times, memory, instructions, and the further figures of some workloads.

/// Something that a run measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// Seconds of user and system time, of the whole process.
    Processor,
    /// Seconds from a process's start to its end.
    Wall,
    /// Nanoseconds an operation.
    Time,
    /// Instructions an operation.
    Instructions,
    /// The most MiB that were resident at a time.
    PeakMemory,
    /// A further figure, by its name.
    Figure(String),
}

impl Quantity {
    /// What stands above a table of it, with the unit.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Processor => "processor time, user and system, s".to_owned(),
            Self::Wall => "time from start to end, s".to_owned(),
            Self::Time => "nanoseconds an operation".to_owned(),
            Self::Instructions => "instructions an operation".to_owned(),
            Self::PeakMemory => "peak resident memory, MiB".to_owned(),
            Self::Figure(name) if self.more_is_better() => format!("{name} (more is better)"),
            Self::Figure(name) => name.clone(),
        }
    }

    /// Whether a larger figure is a better one.
    pub(crate) fn more_is_better(&self) -> bool {
        matches!(self, Self::Figure(name) if name.starts_with("live share"))
    }
}
