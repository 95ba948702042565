//! `mudlark diff`: what has grown from one log to another.

use core::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{Output, SymbolArgs, read_model, warn_of_unreadable};
use crate::error::Error;
use crate::export::flame::{self, Heading};
use crate::export::folded;
use crate::model::{Amount, Cost, Model};
use crate::text::{self, Side};
use crate::view::{By, rows};

/// What has grown from one log to another: by function, line, tag, type, size class or thread; also as a flame graph.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark diff before.mmt after.mmt                     functions, by how much more they held at the peak
  mudlark diff before.mmt after.mmt --cost leaked --by line
  mudlark diff before.mmt after.mmt --format svg -o diff.svg")]
pub(crate) struct Diff {
    /// The log to compare with.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,

    /// The log that may have grown.
    #[arg(value_name = "AFTER")]
    after: PathBuf,

    /// What is compared.
    #[arg(long, value_enum, default_value_t)]
    cost: Cost,

    /// What makes a row of the table.
    #[arg(long, value_enum, default_value_t)]
    by: By,

    /// As many rows; 0 is all.
    #[arg(long, value_name = "ROWS", default_value_t = 30)]
    top: usize,

    /// What is written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

/// How a difference is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Rows, the largest growth first.
    #[default]
    Table,
    /// A flame graph of the second log: what has grown is red, what has shrunk is blue.
    Svg,
    /// A line for each stack, with its bytes before and after.
    Folded,
}

/// What a group was, and has become.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    before: Amount,
    after: Amount,
}

impl Change {
    fn bytes(self) -> i128 {
        i128::from(self.after.bytes) - i128::from(self.before.bytes)
    }

    fn blocks(self) -> i128 {
        i128::from(self.after.blocks.rounded()) - i128::from(self.before.blocks.rounded())
    }
}

impl Diff {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let before = read_model(&self.before, None)?;
        let after = read_model(&self.after, None)?;
        if self.cost == Cost::Temporary {
            before.needs_every_request("`--cost temporary`")?;
            after.needs_every_request("`--cost temporary`")?;
        }
        match self.format {
            Format::Table => self.output.text(&self.table(&before, &after)),
            Format::Folded => self.output.text(&self.folded(&before, &after)?),
            Format::Svg => {
                let folded = self.folded(&before, &after)?;
                self.output.write(|to| flame::draw(&folded, &self.heading(&before, &after), to))
            }
        }
    }

    fn folded(&self, before: &Model, after: &Model) -> Result<String, Error> {
        let [before, after] = [before, after].map(|model| {
            let mut symbols = self.symbols.symbols(model);
            let stacks = folded::folded(model, &mut symbols, self.cost);
            warn_of_unreadable(&symbols);
            stacks
        });
        if after.is_empty() {
            return Err(Error::Nothing { what: self.cost.what(), advice: "`--format table` shows what is gone" });
        }
        Ok(folded::lines_of_two(&before, &after))
    }

    fn heading(&self, before: &Model, after: &Model) -> Heading {
        let [old, new] = [before, after].map(|model| text::bytes(model.figures(model.all()).cost(self.cost).bytes));
        let title = format!("{}: {} {}, {old} before", after.program.title(), new, self.cost.title());
        Heading { title, subtitle: "red: more than before; blue: less".to_owned() }
    }

    fn changes(&self, before: &Model, after: &Model) -> Vec<(String, Change)> {
        let mut changes: BTreeMap<String, Change> = BTreeMap::new();
        for (model, is_after) in [(before, false), (after, true)] {
            let mut symbols = self.symbols.symbols(model);
            for row in rows(model, &mut symbols, self.by) {
                let change = changes.entry(row.name).or_default();
                let amount = row.figures.cost(self.cost);
                *(if is_after { &mut change.after } else { &mut change.before }) = amount;
            }
            warn_of_unreadable(&symbols);
        }
        let mut changes: Vec<_> = changes.into_iter().filter(|(_, change)| change.before != change.after).collect();
        changes.sort_by_key(|&(_, change)| (Reverse(change.bytes()), Reverse(change.blocks())));
        changes
    }

    fn table(&self, before: &Model, after: &Model) -> String {
        let changes = self.changes(before, after);
        let columns = ["growth", "blocks", "before", "after"].map(|title| (title, Side::Right));
        let mut table = text::Table::new(&[&columns[..], &[("", Side::Left)]].concat());
        let (most_grown, most_shrunk) = ends(changes.len(), self.top);
        for (name, change) in &changes[..most_grown] {
            table.row(cells(*change, name.clone()));
        }
        let others = &changes[most_grown..most_shrunk];
        if !others.is_empty() {
            let sum = others.iter().fold(Change::default(), |sum, (_, change)| Change {
                before: sum.before + change.before,
                after: sum.after + change.after,
            });
            table.row(cells(sum, format!("({} others)", others.len())));
        }
        for (name, change) in &changes[most_shrunk..] {
            table.row(cells(*change, name.clone()));
        }
        let [before, after] = [before, after].map(|model| model.figures(model.all()).cost(self.cost));
        table.row(cells(Change { before, after }, format!("all, {}", self.cost.title())));
        table.text()
    }
}

/// Of sorted rows, where the first ones end and the last ones begin: as many as wanted, most of them first ones.
const fn ends(rows: usize, wanted: usize) -> (usize, usize) {
    if wanted == 0 || rows <= wanted {
        return (rows, rows);
    }
    let last = wanted / 3;
    (wanted - last, rows - last)
}

fn cells(change: Change, name: String) -> [String; 5] {
    let sign = |number: i128| if number < 0 { "-" } else { "+" };
    let magnitude = |number: i128| u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
    let (bytes, blocks) = (change.bytes(), change.blocks());
    [
        format!("{}{}", sign(bytes), text::bytes(magnitude(bytes))),
        format!("{}{}", sign(blocks), text::number(magnitude(blocks))),
        text::bytes(change.before.bytes),
        text::bytes(change.after.bytes),
        name,
    ]
}
