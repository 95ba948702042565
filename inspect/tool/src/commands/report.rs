//! `mudlark report`: one page with all there is to see.

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::report;

/// One HTML page with all there is to see: totals, the heap over time, flame graphs, tables, sizes, classes, collectors.
///
/// It needs no network and no other file, and may be sent to others.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark report out.mmt -o out.html")]
pub(crate) struct Report {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

impl Report {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        let mut symbols = self.symbols.symbols(&model);
        let page = report::page(&model, &mut symbols);
        self.output.text(&page)?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}
