//! What is compared: time, memory, instructions, and the further figures of some workloads.

/// Something that a run measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
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
