//! `mudlark leaks`: what is live at the end, with the stacks that asked for it.

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::commands::stack_list::stack_list;
use crate::error::Error;
use crate::model::Cost;

/// What is live at the end, with the stacks that asked for it.
///
/// A program may well leave what it needs up to its end, as tables that are made once. Of a program that still runs, this is
/// what it has now.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark leaks out.mmt --top 3")]
pub(crate) struct Leaks {
    #[command(flatten)]
    input: Input,

    /// As many places; 0 is all.
    #[arg(long, value_name = "PLACES", default_value_t = 10)]
    top: usize,

    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

impl Leaks {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        let mut symbols = self.symbols.symbols(&model);
        self.output.text(&stack_list(&model, &mut symbols, Cost::Leaked, self.top))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}
