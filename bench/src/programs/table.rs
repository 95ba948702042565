//! The programs' table: the system's malloc in plain figures, all others as a multiple of it.

use crate::quantity::Quantity;
use crate::results::{Results, Row};
use crate::statistics::geometric_mean;
use crate::table::{field, show, tables};

/// A table for every quantity.
pub(crate) fn of(results: &Results) -> String {
    tables(results, table)
}

/// A line of names, a line a program, and a line of means.
fn table(results: &Results, quantity: &Quantity) -> Vec<Vec<String>> {
    let baseline = results.group.baseline();
    let mut head = vec!["program".to_owned(), baseline.to_owned()];
    head.extend(others(results).map(|column| format!("{} / {baseline}", results.entries[column])));
    let lines = results.rows.iter().map(|row| line(results, row, quantity));
    core::iter::once(head).chain(lines).chain(means(results, quantity)).collect()
}

/// The columns of all but the baseline.
fn others(results: &Results) -> impl Iterator<Item = usize> {
    (0..results.entries.len()).filter(|&column| results.entries[column] != results.group.baseline())
}

fn line(results: &Results, row: &Row, quantity: &Quantity) -> Vec<String> {
    let best = row.best(quantity, 0..results.entries.len());
    let marked = |column: usize, text: String| format!("{}{text}", if best == Some(column) { "*" } else { "" });
    let baseline = results.column(results.group.baseline());
    let plain = baseline.map(|column| marked(column, field(&row.cells[column], quantity)));
    let ratios = others(results).map(|column| match ratio(results, row, quantity, column) {
        Some(ratio) => marked(column, show(Some(ratio))),
        None => field(&row.cells[column], quantity),
    });
    core::iter::once(row.workload.clone()).chain([plain.unwrap_or_default()]).chain(ratios).collect()
}

/// The geometric means of the ratios, over the programs that both came through.
fn means(results: &Results, quantity: &Quantity) -> Option<Vec<String>> {
    if results.rows.len() < 2 {
        return None;
    }
    let mean = |column| {
        let ratios = results.rows.iter().filter_map(|row| ratio(results, row, quantity, column));
        show(geometric_mean(ratios.filter(|&ratio| ratio > 0.0)))
    };
    let heading = ["geometric mean", "1"].map(str::to_owned);
    Some(heading.into_iter().chain(others(results).map(mean)).collect())
}

/// What the entry in `column` needed, for one that the baseline did.
fn ratio(results: &Results, row: &Row, quantity: &Quantity, column: usize) -> Option<f64> {
    let baseline = row.cells[results.column(results.group.baseline())?].median(quantity)?;
    let own = row.cells[column].median(quantity)?;
    (baseline > 0.0).then(|| own / baseline)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::of;
    use crate::child::Mishap;
    use crate::group::Group;
    use crate::quantity::Quantity;
    use crate::results::Results;
    use crate::results::tests::example;

    /// The example of the race, as if it were of programs.
    fn programs() -> Results {
        let mut results = Results { group: Group::Programs, ..example() };
        for run in results.rows.iter_mut().flat_map(|row| &mut row.cells).flat_map(|cell| &mut cell.runs) {
            run.figures = BTreeMap::from([(Quantity::Processor, run.figures[&Quantity::Time])]);
        }
        results
    }

    fn lines(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn the_system_s_malloc_stands_in_plain_figures_and_the_others_beside_it() {
        let text = of(&programs());
        let lines = lines(&text);
        assert!(lines.contains(&vec!["program", "system", "mudlark", "/", "system", "talc", "/", "system"]), "{text}");
        assert!(lines.contains(&vec!["pairs", "5.00", "*0.50", "0.80"]), "{text}");
    }

    #[test]
    fn the_means_come_last() {
        let mut results = programs();
        results.rows[1].cells[1] = results.rows[1].cells[2].clone();
        let text = of(&results);
        // Mudlark: 2.5/5 and 10/8. Talc: 4/5 and 8/8.
        assert_eq!(lines(&text).last(), Some(&vec!["geometric", "mean", "1", "0.79", "0.89"]), "{text}");
    }

    #[test]
    fn where_the_system_s_malloc_fails_there_are_no_ratios() {
        let mut results = programs();
        results.rows[0].cells[0].mishap = Some(Mishap::TooSlow);
        let text = of(&results);
        assert!(lines(&text).contains(&vec!["pairs", "5.00", "too", "slow", "*0.80"]), "{text}");
        assert!(lines(&text).contains(&vec!["list", "overflows", "10.0", "8.00"]), "{text}");
    }
}
