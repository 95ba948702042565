//! What one run measured, as the entry printed it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cost::Cost;
use crate::quantity::Quantity;

/// A run's figures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measurement {
    /// Operations done.
    pub(crate) operations: f64,
    /// Equal for all entries that did the same work.
    pub(crate) checksum: String,
    /// What was measured. Peak memory is missing where the system does not tell it.
    pub(crate) figures: BTreeMap<Quantity, f64>,
}

impl Measurement {
    /// The measurement, with what the process cost.
    pub(crate) fn with(mut self, cost: Cost) -> Self {
        self.figures.insert(Quantity::Wall, cost.wall.as_secs_f64());
        self.figures.extend(cost.processor.map(|time| (Quantity::Processor, time.as_secs_f64())));
        self
    }

    /// Reads an entry's line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| value[name].as_f64();
        let mut figures = BTreeMap::from([(Quantity::Time, number("nanoseconds")?)]);
        let peak_bytes = number("peak_bytes")?;
        if peak_bytes > 0.0 {
            figures.insert(Quantity::PeakMemory, peak_bytes / f64::from(1 << 20));
        }
        for (name, figure) in value["figures"].as_object()? {
            figures.insert(Quantity::Figure(name.clone()), figure.as_f64()?);
        }
        Some(Self { operations: number("operations")?, checksum: value["checksum"].as_str()?.to_owned(), figures })
    }
}

#[cfg(test)]
mod tests {
    use super::Measurement;
    use crate::quantity::Quantity;

    #[test]
    fn a_line_of_an_entry_is_read_whole() {
        let line = r#"{"workload":"w","operations":4,"nanoseconds":2.5,"peak_bytes":1048576,"checksum":"ff","figures":{"pause":7}}"#;
        let read = Measurement::parse(line).expect("a measurement");
        assert_eq!((read.operations, read.checksum.as_str()), (4.0, "ff"));
        assert_eq!(read.figures[&Quantity::Time], 2.5);
        assert_eq!(read.figures[&Quantity::PeakMemory], 1.0);
        assert_eq!(read.figures[&Quantity::Figure("pause".to_owned())], 7.0);
    }

    #[test]
    fn a_line_that_lacks_a_figure_is_no_measurement() {
        assert_eq!(Measurement::parse(r#"{"workload":"w","operations":4,"figures":{}}"#), None);
        assert_eq!(Measurement::parse("thread main panicked"), None);
    }
}
