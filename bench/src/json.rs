//! Results as JSON: every run, for those who want other statistics.

use serde_json::{Map, Value, json};

use crate::builder::Field;
use crate::quantity::Quantity;
use crate::results::{Cell, Results, Row};
use crate::setting::Setting;

/// Where and with what, who is missing, and all groups, in one document.
pub(crate) fn document(setting: &Setting, field: &Field, all: &[Results]) -> Value {
    let left_out: Map<String, Value> =
        field.left_out.iter().map(|(entry, reason)| (entry.feature(), reason.as_str().into())).collect();
    json!({
        "setting": setting.lines(),
        "left_out": left_out,
        "groups": all.iter().map(group).collect::<Vec<_>>(),
    })
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
    use crate::builder::{Field, Profile};
    use crate::entry::ENTRIES;
    use crate::package::Package;
    use crate::results::tests::example;
    use crate::setting::Setting;

    #[test]
    fn every_run_and_who_is_missing_is_in_the_document() {
        let field = Field {
            left_out: vec![(ENTRIES[0], "no compiler".to_owned())],
            ..Field::empty(Package::Entries, Profile::Release)
        };
        let document = document(&Setting::default(), &field, &[example()]);
        assert_eq!(document["left_out"]["alloc-mudlark"], "no compiler");
        let pairs = &document["groups"][0]["workloads"][0];
        assert_eq!(pairs["workload"], "pairs");
        let time = &pairs["entries"]["mudlark"]["figures"]["nanoseconds an operation"];
        assert_eq!(time["median"], 2.5);
        assert_eq!(time["runs"].as_array().map(Vec::len), Some(2));
    }
}
