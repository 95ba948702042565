//! `mudlark table`: who asked for memory, in rows.

use core::cmp::Reverse;

use clap::{Args, ValueEnum};

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::model::{Cost, Figures, Model};
use crate::text::{self, Side};
use crate::view::{By, Row, rows};

/// Who asked for memory: a row for each function, line, tag, type, size class or thread.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark table out.mmt                        functions, by what they held at the heap's peak
  mudlark table out.mmt --by line --sort leaked
  mudlark table out.mmt --by type --top 0      all types")]
pub(crate) struct Table {
    #[command(flatten)]
    input: Input,

    /// What makes a row.
    #[arg(long, value_enum, default_value_t)]
    by: By,

    /// What comes first.
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,

    /// As many rows; 0 is all.
    #[arg(long, value_name = "ROWS", default_value_t = 30)]
    top: usize,

    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

/// By what rows are sorted, the most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Bytes that were live at the heap's peak.
    #[default]
    Peak,
    /// Bytes that were asked for in all.
    Total,
    /// Bytes that are live at the end.
    Leaked,
    /// Bytes of blocks that were freed before their thread asked for another.
    Temporary,
    /// Requests.
    Count,
}

impl Sort {
    const fn key(self, figures: &Figures) -> u64 {
        match self {
            Self::Peak => figures.cost(Cost::Peak).bytes,
            Self::Total => figures.cost(Cost::Total).bytes,
            Self::Leaked => figures.cost(Cost::Leaked).bytes,
            Self::Temporary => figures.cost(Cost::Temporary).bytes,
            Self::Count => figures.total.blocks.rounded(),
        }
    }
}

impl Table {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        if self.sort == Sort::Temporary {
            model.needs_every_request("`--sort temporary`")?;
        }
        let mut symbols = self.symbols.symbols(&model);
        let mut rows = rows(&model, &mut symbols, self.by);
        rows.sort_by(|a, b| {
            Reverse(self.sort.key(&a.figures))
                .cmp(&Reverse(self.sort.key(&b.figures)))
                .then_with(|| a.name.cmp(&b.name))
        });
        self.output.text(&text_of(&model, &rows, if self.top == 0 { rows.len() } else { self.top }))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}

/// The first rows, and one each for the others and for all.
fn text_of(model: &Model, rows: &[Row], top: usize) -> String {
    let columns = ["peak", "total", "leaked", "temporary", "requests"].map(|title| (title, Side::Right));
    let mut table = text::Table::new(&[&columns[..], &[("", Side::Left)]].concat());
    let (shown, others) = rows.split_at(top.min(rows.len()));
    for row in shown {
        table.row(cells(model, &row.figures, row.name.clone()));
    }
    if !others.is_empty() {
        let figures = others.iter().map(|row| row.figures).sum();
        table.row(cells(model, &figures, format!("({} others)", others.len())));
    }
    table.row(cells(model, &model.figures(model.all()), "all".to_owned()));
    table.text()
}

fn cells(model: &Model, figures: &Figures, name: String) -> [String; 6] {
    let bytes = |cost| {
        let amount = figures.cost(cost);
        format!("{}{}", text::bytes(amount.bytes), text::error(model, amount))
    };
    let temporary = if model.program.has_every_request() { bytes(Cost::Temporary) } else { "?".to_owned() };
    let requests = text::number(figures.total.blocks.rounded());
    [bytes(Cost::Peak), bytes(Cost::Total), bytes(Cost::Leaked), temporary, requests, name]
}
