//! What a group's race gave: every run of every entry on every workload.

use std::collections::BTreeSet;

use crate::child::Mishap;
use crate::entry::Entry;
use crate::group::Group;
use crate::measurement::Measurement;
use crate::quantity::Quantity;
use crate::statistics::Summary;

/// A group's results, as a table of workloads (rows) and entries (columns).
#[derive(Debug)]
pub(crate) struct Results {
    /// The group.
    pub(crate) group: Group,
    /// The columns.
    pub(crate) entries: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

/// What the entries made of one workload.
#[derive(Debug)]
pub(crate) struct Row {
    /// The workload.
    pub(crate) workload: String,
    /// A cell for every entry, in the order of the columns.
    pub(crate) cells: Vec<Cell>,
}

/// What one entry made of one workload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    /// Its runs, until a mishap.
    pub(crate) runs: Vec<Measurement>,
    /// What ended them early.
    pub(crate) mishap: Option<Mishap>,
    /// Whether the entry does not know the workload at all.
    pub(crate) absent: bool,
}

impl Cell {
    /// The median of a quantity, and what lies around it. An entry with a mishap has none: its figures would be of the
    /// runs that went well.
    pub(crate) fn summary(&self, quantity: &Quantity) -> Option<Summary> {
        if self.mishap.is_some() {
            return None;
        }
        Summary::of(self.runs.iter().filter_map(|run| run.figures.get(quantity).copied()))
    }

    /// The median of a quantity.
    pub(crate) fn median(&self, quantity: &Quantity) -> Option<f64> {
        self.summary(quantity).map(|summary| summary.median)
    }
}

impl Row {
    /// Whether all runs of all entries did the same work.
    pub(crate) fn checksums_agree(&self) -> bool {
        let mut checksums = self.cells.iter().flat_map(|cell| &cell.runs).map(|run| &run.checksum);
        let first = checksums.next();
        checksums.all(|checksum| Some(checksum) == first)
    }

    /// The place of the entry with the best median among those at `places`.
    pub(crate) fn best(&self, quantity: &Quantity, places: impl IntoIterator<Item = usize>) -> Option<usize> {
        let medians = places.into_iter().filter_map(|place| Some((place, self.cells[place].median(quantity)?)));
        let by_figure = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let best = if quantity.more_is_better() { medians.max_by(by_figure) } else { medians.min_by(by_figure) };
        best.map(|(place, _)| place)
    }
}

impl Results {
    /// Whether there is anything to report.
    pub(crate) fn has_workloads(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The quantities that were measured and are told of, in the order of the report. Where all came to grief, it was time
    /// that was to be measured.
    pub(crate) fn quantities(&self) -> BTreeSet<Quantity> {
        let runs = self.rows.iter().flat_map(|row| &row.cells).flat_map(|cell| &cell.runs);
        let all = runs.flat_map(|run| run.figures.keys().cloned());
        let mut told: BTreeSet<Quantity> = all.filter(|quantity| self.group.tells(quantity)).collect();
        if told.is_empty() {
            told.extend([Quantity::Wall, Quantity::Time].into_iter().filter(|quantity| self.group.tells(quantity)));
        }
        told
    }

    /// The column of an entry.
    pub(crate) fn column(&self, entry: &str) -> Option<usize> {
        self.entries.iter().position(|name| name == entry)
    }

    /// The columns of all but Mudlark.
    pub(crate) fn peers(&self) -> impl Iterator<Item = usize> {
        (0..self.entries.len()).filter(|&place| !Entry::is_own(&self.entries[place]))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::{Cell, Results, Row};
    use crate::child::Mishap;
    use crate::group::Group;
    use crate::measurement::Measurement;
    use crate::quantity::Quantity;

    /// A cell whose runs took these times.
    pub(crate) fn cell(checksum: &str, times: &[f64]) -> Cell {
        let run = |&time: &f64| Measurement {
            operations: 1.0,
            checksum: checksum.to_owned(),
            figures: BTreeMap::from([(Quantity::Time, time)]),
        };
        Cell { runs: times.iter().map(run).collect(), ..Cell::default() }
    }

    /// Two workloads by three entries, one of which fails at the second.
    pub(crate) fn example() -> Results {
        let failed = Cell { mishap: Some(Mishap::Overflows), ..cell("b", &[0.5]) };
        let first =
            Row { workload: "pairs".into(), cells: vec![cell("a", &[2.0, 3.0]), cell("a", &[5.0]), cell("a", &[4.0])] };
        let second = Row { workload: "list".into(), cells: vec![cell("b", &[10.0]), failed, cell("b", &[8.0])] };
        let entries = ["mudlark", "system", "talc"].map(str::to_owned).to_vec();
        Results { group: Group::Alloc, entries, rows: vec![first, second] }
    }

    #[test]
    fn the_best_peer_is_not_mudlark() {
        let results = example();
        assert_eq!(results.rows[0].best(&Quantity::Time, 0..3), Some(0));
        assert_eq!(results.rows[0].best(&Quantity::Time, results.peers()), Some(2));
    }

    #[test]
    fn an_entry_with_a_mishap_is_never_the_best() {
        let results = example();
        assert_eq!(results.rows[1].best(&Quantity::Time, 0..3), Some(2));
    }

    #[test]
    fn another_checksum_is_noticed() {
        let mut results = example();
        assert!(results.rows.iter().all(Row::checksums_agree));
        results.rows[0].cells[2] = cell("other", &[4.0]);
        assert!(!results.rows[0].checksums_agree());
    }
}
