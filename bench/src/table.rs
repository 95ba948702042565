//! Results as text: for every quantity a table, with the ratios that the race is about.

use core::fmt::Write;

use crate::child::Mishap;
use crate::curve;
use crate::entry::MUDLARK;
use crate::quantity::Quantity;
use crate::results::{Cell, Results, Row};
use crate::statistics::{Summary, geometric_mean};

/// The tables of a group.
pub(crate) fn of(results: &Results) -> String {
    tables(results, table)
}

/// A titled table for every quantity, of the fields that `table` gives, and the notes.
pub(crate) fn tables(results: &Results, table: impl Fn(&Results, &Quantity) -> Vec<Vec<String>>) -> String {
    let mut text = String::new();
    for quantity in results.quantities() {
        text += &format!("\n## {}: {}\n\n", results.group, quantity.title());
        text += &columns(&table(results, &quantity));
    }
    for note in notes(results) {
        text += &note;
        text.push('\n');
    }
    text
}

/// A table's fields: a line of names, a line a workload, and a line of means.
fn table(results: &Results, quantity: &Quantity) -> Vec<Vec<String>> {
    let others = Other::of(results, quantity);
    let mut head = vec!["workload".to_owned()];
    head.extend(results.entries.iter().cloned());
    head.extend(others.iter().map(|other| format!("/ {}", other.name(results))));
    let shown = results.rows.iter().filter(|row| is_shown(results, row, quantity));
    let lines = shown.map(|row| line(results, row, quantity, &others));
    let all = means(results, quantity, &others, "geometric mean", |_| true);
    let collecting = |row: &Row| results.group.collects(&row.workload);
    let collecting = means(results, quantity, &others, "of what leaves cycles", collecting);
    core::iter::once(head).chain(lines).chain(all).chain(collecting).collect()
}

/// What Mudlark's figures are divided by.
#[derive(Clone, Copy, Debug)]
enum Other {
    /// The entry in this column.
    Entry(usize),
    /// The best of the others.
    BestPeer,
    /// The median of the others.
    MedianPeer,
}

impl Other {
    /// Those that have a column of ratios, on the right of the table.
    fn of(results: &Results, quantity: &Quantity) -> Vec<Self> {
        let median = (*quantity == Quantity::PeakMemory).then_some(Self::MedianPeer);
        let baseline = results.column(results.group.baseline()).map(Self::Entry);
        [Some(Self::BestPeer), median, baseline].into_iter().flatten().collect()
    }

    fn name(self, results: &Results) -> &str {
        match self {
            Self::Entry(column) => &results.entries[column],
            Self::BestPeer => "best peer",
            Self::MedianPeer => "median peer",
        }
    }

    fn figure(self, results: &Results, row: &Row, quantity: &Quantity) -> Option<f64> {
        let median = |column: usize| row.cells[column].median(quantity);
        match self {
            Self::Entry(column) => median(column),
            Self::BestPeer => row.best(quantity, results.peers()).and_then(median),
            Self::MedianPeer => Summary::of(results.peers().filter_map(median)).map(|summary| summary.median),
        }
    }
}

/// A workload is in the tables of what was measured of it; one that nobody came through is in the first.
fn is_shown(results: &Results, row: &Row, quantity: &Quantity) -> bool {
    let measured = |quantity: &Quantity| row.best(quantity, 0..results.entries.len()).is_some();
    let quantities = results.quantities();
    measured(quantity) || (quantities.first() == Some(quantity) && !quantities.iter().any(measured))
}

fn line(results: &Results, row: &Row, quantity: &Quantity, others: &[Other]) -> Vec<String> {
    let best = row.best(quantity, 0..results.entries.len());
    let mut fields = vec![row.workload.clone()];
    for (place, cell) in row.cells.iter().enumerate() {
        let mark = if best == Some(place) { "*" } else { "" };
        fields.push(format!("{mark}{}", field(cell, quantity)));
    }
    fields.extend(others.iter().map(|&other| show(ratio(results, row, quantity, other))));
    fields
}

/// A line of geometric means over some rows: of Mudlark's ratio to each entry, and of the ratios on the right. Points of
/// curves do not count, nor workloads that either did not come through. None where a mean would say nothing.
fn means(
    results: &Results,
    quantity: &Quantity,
    others: &[Other],
    title: &str,
    counts: impl Fn(&Row) -> bool,
) -> Option<Vec<String>> {
    let rows: Vec<&Row> = results.rows.iter().filter(|row| !curve::is_point(row) && counts(row)).collect();
    let ours = results.column(MUDLARK)?;
    if matches!(quantity, Quantity::Figure(_)) || rows.len() < 2 {
        return None;
    }
    let mean = |other: Other| {
        let ratios = rows.iter().filter_map(|row| ratio(results, row, quantity, other));
        show(geometric_mean(ratios.filter(|&ratio| ratio > 0.0)))
    };
    let entries = (0..results.entries.len()).map(|column| match column {
        _ if column == ours => "1".to_owned(),
        _ => mean(Other::Entry(column)),
    });
    let heading = format!("{title}: {MUDLARK} /");
    Some(core::iter::once(heading).chain(entries).chain(others.iter().copied().map(mean)).collect())
}

pub(crate) fn field(cell: &Cell, quantity: &Quantity) -> String {
    match (&cell.mishap, cell.median(quantity)) {
        (Some(mishap), _) => mishap.to_string(),
        (None, Some(median)) => figure(median),
        (None, None) => "-".to_owned(),
    }
}

/// A figure with about three digits that count.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size > 0.0 && size < 0.1 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

/// Mudlark's figure for one of the other's.
fn ratio(results: &Results, row: &Row, quantity: &Quantity, other: Other) -> Option<f64> {
    let ours = row.cells[results.column(MUDLARK)?].median(quantity)?;
    let theirs = other.figure(results, row, quantity)?;
    (theirs > 0.0).then(|| ours / theirs)
}

pub(crate) fn show(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), figure)
}

/// Fields under each other: the first column to the left, the others to the right.
fn columns(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        write!(text, "{:<width$}", line[0], width = widths[0]).expect("a string takes all");
        for (field, width) in line.iter().zip(&widths).skip(1) {
            write!(text, "  {field:>width$}").expect("a string takes all");
        }
        text.push('\n');
    }
    text
}

/// What the tables do not say: other work than the others did, and how entries failed.
fn notes(results: &Results) -> Vec<String> {
    let mut notes = Vec::new();
    for row in &results.rows {
        if !row.checksums_agree() {
            notes.push(format!("{}: the checksums differ, so the entries did not do the same work", row.workload));
        }
        for (entry, cell) in results.entries.iter().zip(&row.cells) {
            if let Some(Mishap::Failed(reason)) = &cell.mishap {
                notes.push(format!("{}, {entry}: {reason}", row.workload));
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::of;
    use crate::child::Mishap;
    use crate::quantity::Quantity;
    use crate::results::Row;
    use crate::results::tests::{cell, example};

    #[test]
    fn a_table_shows_medians_the_best_and_both_ratios() {
        let text = of(&example());
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["pairs", "*2.50", "5.00", "4.00", "0.62", "0.50"]), "{text}");
    }

    #[test]
    fn the_last_line_has_the_means_of_what_both_came_through() {
        let mut results = example();
        results
            .rows
            .push(Row { workload: "more".into(), cells: [8.0, 4.0, 2.0].map(|time| cell("c", &[time])).into() });
        results
            .rows
            .push(Row { workload: "threads-2".into(), cells: [9.0, 1.0, 1.0].map(|time| cell("d", &[time])).into() });
        let text = of(&results);
        let last = text.lines().rfind(|line| line.starts_with("geometric mean: mudlark /")).expect("a line of means");
        // To system: 2.5/5 and 8/4. To talc: 2.5/4, 10/8 and 8/2. To the best: the same as to talc.
        let means: Vec<&str> = last.split_whitespace().skip(4).collect();
        assert_eq!(means, ["1", "1.00", "1.46", "1.46", "1.00"], "{text}");
    }

    #[test]
    fn memory_is_held_against_the_median_peer_too() {
        let mut results = example();
        for cell in results.rows.iter_mut().flat_map(|row| &mut row.cells) {
            for run in &mut cell.runs {
                run.figures = BTreeMap::from([(Quantity::PeakMemory, run.figures[&Quantity::Time])]);
            }
        }
        let text = of(&results);
        assert!(text.contains("/ best peer  / median peer  / system"), "{text}");
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["pairs", "*2.50", "5.00", "4.00", "0.62", "0.56", "0.50"]), "{text}");
    }

    #[test]
    fn a_workload_that_nobody_came_through_is_shown() {
        let mut results = example();
        for row in &mut results.rows {
            for cell in &mut row.cells {
                cell.mishap = Some(Mishap::TooSlow);
            }
        }
        let text = of(&results);
        assert_eq!(text.matches("too slow").count(), 6, "{text}");
    }

    #[test]
    fn a_loss_and_a_mishap_are_shown_as_plainly() {
        let text = of(&example());
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["list", "10.0", "overflows", "*8.00", "1.25", "-"]), "{text}");
    }
}
