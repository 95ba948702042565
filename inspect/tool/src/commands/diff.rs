//! `mudlark diff`: what has grown from one log to another.
//!
//! Of logs that are samples, each figure is an estimate, and so is a growth: the variances of both sides add up. Two samples of
//! the same would differ, too, and most of their rows by less than twice the standard deviation; so what has not grown by more
//! than that is put together in one row.

use core::cmp::Reverse;
use core::iter::Sum;
use core::ops::Add;
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
  mudlark diff out.mmt out.mmt --before-program 1 --program 2
  mudlark diff before.mmt after.mmt --format svg -o diff.svg")]
pub(crate) struct Diff {
    /// The log to compare with.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,

    /// The log that may have grown.
    #[arg(value_name = "AFTER")]
    after: PathBuf,

    /// Read the program of this number, of both logs, if they have several one after the other [default: the last].
    #[arg(long, value_name = "NUMBER")]
    program: Option<usize>,

    /// Of the first log, read that one.
    #[arg(long, value_name = "NUMBER")]
    before_program: Option<usize>,

    /// What is compared.
    #[arg(long, value_enum, default_value_t)]
    cost: Cost,

    /// What makes a row of the table.
    #[arg(long, value_enum, default_value_t)]
    by: By,

    /// As many rows; 0 is all, even those that may have grown by chance alone.
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
    before: Estimate,
    after: Estimate,
}

impl Change {
    fn bytes(self) -> i128 {
        i128::from(self.after.amount.bytes) - i128::from(self.before.amount.bytes)
    }

    fn blocks(self) -> i128 {
        i128::from(self.after.amount.blocks.rounded()) - i128::from(self.before.amount.blocks.rounded())
    }

    /// The standard deviation of the bytes.
    fn deviation(self) -> f64 {
        (self.before.variance + self.after.variance).sqrt()
    }

    /// Whether two samples of the same would hardly differ so much.
    fn is_sure(self) -> bool {
        self.deviation() == 0.0 || self.bytes().unsigned_abs() as f64 > 2.0 * self.deviation()
    }

    fn is_none(self) -> bool {
        self.before.amount == self.after.amount
    }
}

impl Sum for Change {
    fn sum<I: Iterator<Item = Self>>(changes: I) -> Self {
        changes.fold(Self::default(), |sum, change| Self {
            before: sum.before + change.before,
            after: sum.after + change.after,
        })
    }
}

/// An amount, as sure as its log is of it.
#[derive(Clone, Copy, Debug, Default)]
struct Estimate {
    amount: Amount,
    /// That of the bytes; zero where each request is in the log.
    variance: f64,
}

impl Estimate {
    fn of(model: &Model, amount: Amount) -> Self {
        let is_exact = !is_sample(model) || amount.seen == 0;
        let deviation = if is_exact { 0.0 } else { amount.error() * amount.bytes as f64 };
        Self { amount, variance: deviation * deviation }
    }

    /// The bytes, and by which part of them they may be wrong.
    fn text(self) -> String {
        let bytes = text::bytes(self.amount.bytes);
        if self.variance == 0.0 {
            return bytes;
        }
        let part = self.variance.sqrt() / self.amount.bytes.max(1) as f64;
        format!("{bytes} ±{:.0} %", part * 100.0)
    }
}

impl Add for Estimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { amount: self.amount + other.amount, variance: self.variance + other.variance }
    }
}

fn is_sample(model: &Model) -> bool {
    model.needs_every_request("an exact difference").is_err()
}

impl Diff {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let before = read_model(&self.before, self.before_program.or(self.program))?;
        let after = read_model(&self.after, self.program)?;
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
        let by_chance = if is_sample(before) || is_sample(after) { "; of samples, also by chance" } else { "" };
        Heading { title, subtitle: format!("red: more than before; blue: less{by_chance}") }
    }

    fn changes(&self, before: &Model, after: &Model) -> Vec<(String, Change)> {
        let mut changes: BTreeMap<String, Change> = BTreeMap::new();
        for (model, is_after) in [(before, false), (after, true)] {
            let mut symbols = self.symbols.symbols(model);
            for row in rows(model, &mut symbols, self.by) {
                let change = changes.entry(row.name).or_default();
                let estimate = Estimate::of(model, row.figures.cost(self.cost));
                *(if is_after { &mut change.after } else { &mut change.before }) = estimate;
            }
            warn_of_unreadable(&symbols);
        }
        let mut changes: Vec<_> = changes.into_iter().filter(|(_, change)| !change.is_none()).collect();
        changes.sort_by_key(|&(_, change)| (Reverse(change.bytes()), Reverse(change.blocks())));
        changes
    }

    fn table(&self, before: &Model, after: &Model) -> String {
        let changes = self.changes(before, after);
        let (sure, others): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(_, change)| self.top == 0 || change.is_sure());
        let columns = ["growth", "blocks", "before", "after"].map(|title| (title, Side::Right));
        let mut table = text::Table::new(&[&columns[..], &[("", Side::Left)]].concat());
        let (most_grown, most_shrunk) = ends(sure.len(), self.top);
        rows_of(&mut table, &sure[..most_grown]);
        row_of_all(&mut table, &sure[most_grown..most_shrunk], "others");
        rows_of(&mut table, &sure[most_shrunk..]);
        row_of_all(&mut table, &others, "that may differ by chance alone");
        let [before, after] =
            [before, after].map(|model| Estimate::of(model, model.figures(model.all()).cost(self.cost)));
        table.row(cells(Change { before, after }, format!("all, {}", self.cost.title())));
        table.text()
    }
}

fn rows_of(table: &mut text::Table, changes: &[(String, Change)]) {
    for (name, change) in changes {
        table.row(cells(*change, name.clone()));
    }
}

/// One row for several changes, if there are any.
fn row_of_all(table: &mut text::Table, changes: &[(String, Change)], what: &str) {
    if !changes.is_empty() {
        let sum = changes.iter().map(|&(_, change)| change).sum();
        table.row(cells(sum, format!("({} {what})", changes.len())));
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
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
    let error = match change.deviation() {
        0.0 => String::new(),
        deviation => format!(" ±{}", text::bytes(deviation.round() as u64)),
    };
    [
        format!("{}{}{error}", sign(bytes), text::bytes(magnitude(bytes))),
        format!("{}{}", sign(blocks), text::number(magnitude(blocks))),
        change.before.text(),
        change.after.text(),
        name,
    ]
}
