//! `mudlark flame`: the stacks that memory comes from, as a picture.

use clap::{Args, ValueEnum};

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::export::flame::{self, Heading};
use crate::export::folded;
use crate::model::{Cost, Model};
use crate::text;

/// A flame graph of the stacks that memory comes from: an SVG for the browser, or folded stacks for other tools.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mudlark flame out.mmt -o peak.svg                    what the heap had at its peak
  mudlark flame out.mmt --cost leaked -o leaks.svg
  mudlark flame out.mmt --cost total --format folded | inferno-flamegraph > total.svg")]
pub(crate) struct Flame {
    #[command(flatten)]
    input: Input,

    /// What the widths stand for, in bytes.
    #[arg(long, value_enum, default_value_t)]
    cost: Cost,

    /// What is written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

/// How stacks are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture in which one clicks and searches.
    #[default]
    Svg,
    /// A line for each stack: `main;parse;push 4096`.
    Folded,
}

impl Flame {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        if self.cost == Cost::Temporary {
            model.needs_every_request("`--cost temporary`")?;
        }
        let mut symbols = self.symbols.symbols(&model);
        let stacks = folded::folded(&model, &mut symbols, self.cost);
        if stacks.is_empty() {
            return Err(Error::Nothing { what: self.cost.what(), advice: "`mudlark stats` shows what there is" });
        }
        let lines = folded::lines(&stacks);
        match self.format {
            Format::Svg => self.output.write(|to| flame::draw(&lines, &heading(&model, self.cost), to))?,
            Format::Folded => self.output.text(&lines)?,
        }
        warn_of_unreadable(&symbols);
        Ok(())
    }
}

fn heading(model: &Model, cost: Cost) -> Heading {
    let all = model.figures(model.all()).cost(cost);
    let title = format!("{}: {} {}", model.program.title(), text::bytes(all.bytes), cost.title());
    let subtitle = if model.program.has_every_request() {
        String::new()
    } else {
        format!("estimated from one request in about {}", text::intervals(&model.program))
    };
    Heading { title, subtitle }
}
