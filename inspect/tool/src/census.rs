//! What collectors had of each type, when they last told of it.

use std::collections::BTreeSet;

use mudlark_hooks::NameOf;

use crate::model::{Census, Model};
use crate::text::{self, Side, Table};
use crate::timeline::generation_name;

/// The objects of a type, in a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    collector: Option<String>,
    type_name: String,
    generation: u8,
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

impl Row {
    /// Whose they are, if there are several collectors.
    pub(crate) fn name(&self) -> String {
        let of = self.collector.as_ref().map(|collector| format!("{collector}: ")).unwrap_or_default();
        format!("{of}{}, {}", self.type_name, generation_name(self.generation))
    }
}

/// What was told last of each type and generation, those with the most bytes first.
pub(crate) fn rows(model: &Model) -> Vec<Row> {
    let collectors: BTreeSet<u32> = model.census.keys().map(|&(collector, ..)| collector).collect();
    let told = model.census.iter().filter(|(_, census)| census.count > 0);
    let mut rows: Vec<Row> = told.map(|(&key, census)| row(model, key, census, collectors.len() == 1)).collect();
    rows.sort_by(|a, b| (b.bytes, b.count).cmp(&(a.bytes, a.count)).then_with(|| a.name().cmp(&b.name())));
    rows
}

fn row(model: &Model, (collector, type_id, generation): (u32, u32, u8), census: &Census, is_alone: bool) -> Row {
    let name = |of: NameOf, id: u32, what: &str| {
        let name = model.program.name(of, id);
        name.map_or_else(|| format!("{what} {id}"), str::to_owned)
    };
    Row {
        collector: (!is_alone).then(|| name(NameOf::Collector, collector, "collector")),
        type_name: name(NameOf::Type, type_id, "type"),
        generation,
        count: census.count,
        bytes: census.bytes,
    }
}

/// The rows as a table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(&[("objects", Side::Right), ("bytes", Side::Right), ("", Side::Left)]);
    for row in rows {
        table.row([text::number(row.count), text::bytes(row.bytes), row.name()]);
    }
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    table.row([text::number(sum(|row| row.count)), text::bytes(sum(|row| row.bytes)), "all".to_owned()]);
    table.text()
}
