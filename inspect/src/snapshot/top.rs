//! The largest sums, as a list to read.

use core::fmt;

use super::frame::Frame;
use super::statistic::{Group, Size, Statistic};

/// The largest sums of a snapshot, the others together, and the total: [`Snapshot::top`](super::Snapshot::top).
#[derive(Clone, Debug)]
pub struct Top {
    pub(super) statistics: Vec<Statistic>,
    pub(super) shown: usize,
}

impl fmt::Display for Top {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown.min(self.statistics.len());
        let (first, others) = self.statistics.split_at(shown);
        for (rank, Statistic { group, size, count }) in (1..).zip(first) {
            writeln!(f, "#{rank}: {group}: {} in {}", Size::of(*size), blocks(*count))?;
            write_source(f, group)?;
        }
        let bytes = |statistics: &[Statistic]| statistics.iter().map(|statistic| statistic.size).sum();
        if !others.is_empty() {
            writeln!(f, "{} other: {}", others.len(), Size::of(bytes(others)))?;
        }
        writeln!(f, "total: {}", Size::of(bytes(&self.statistics)))
    }
}

fn blocks(count: u64) -> String {
    if count == 1 { "1 block".to_string() } else { format!("{count} blocks") }
}

/// The source line, or all frames.
fn write_source(f: &mut fmt::Formatter<'_>, group: &Group) -> fmt::Result {
    match group {
        Group::Line(file, line) => {
            let frame = Frame { file: file.clone(), line: *line, function: "".into() };
            frame.source().map_or(Ok(()), |source| writeln!(f, "    {source}"))
        }
        Group::Traceback(traceback) => write!(f, "{traceback}"),
        _ => Ok(()),
    }
}
