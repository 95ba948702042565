//! Results as JSON: every run, for those who want other statistics.

use serde_json::{Map, Value, json};

use crate::quantity::Quantity;
use crate::results::{Cell, Results, Row};
use crate::setting::Setting;

/// Where and with what, and all groups, in one document.
pub(crate) fn document(setting: &Setting, all: &[Results]) -> Value {
    json!({ "setting": setting.lines(), "groups": all.iter().map(group).collect::<Vec<_>>() })
}

fn group(results: &Results) -> Value {
    let rows: Vec<Value> = results.rows.iter().map(|row| workload(results, row)).collect();
    json!({ "group": results.group.name(), "workloads": rows })
}

fn workload(results: &Results, row: &Row) -> Value {
    let present = results.entries.iter().zip(&row.cells).filter(|(_, cell)| !cell.absent);
    let entries: Map<String, Value> = present.map(|(name, cell)| (name.clone(), entry(cell))).collect();
    json!({ "workload": row.workload, "checksums_agree": row.checksums_agree(), "entries": entries })
}

fn entry(cell: &Cell) -> Value {
    let mut quantities: Vec<&Quantity> = cell.runs.iter().flat_map(|run| run.figures.keys()).collect();
    quantities.sort_unstable();
    quantities.dedup();
    let figures: Map<String, Value> = quantities.into_iter().map(|quantity| figure(cell, quantity)).collect();
    json!({
        "mishap": cell.mishap.as_ref().map(ToString::to_string),
        "checksum": cell.runs.first().map(|run| run.checksum.clone()),
        "figures": figures,
    })
}

fn figure(cell: &Cell, quantity: &Quantity) -> (String, Value) {
    let runs: Vec<f64> = cell.runs.iter().filter_map(|run| run.figures.get(quantity).copied()).collect();
    (quantity.title(), json!({ "median": cell.median(quantity), "runs": runs }))
}

#[cfg(test)]
mod tests {
    use super::document;
    use crate::results::tests::example;
    use crate::setting::Setting;

    #[test]
    fn every_run_is_in_the_document() {
        let document = document(&Setting::default(), &[example()]);
        let pairs = &document["groups"][0]["workloads"][0];
        assert_eq!(pairs["workload"], "pairs");
        let time = &pairs["entries"]["mudlark"]["figures"]["nanoseconds an operation"];
        assert_eq!(time["median"], 2.5);
        assert_eq!(time["runs"].as_array().map(Vec::len), Some(2));
    }
}
