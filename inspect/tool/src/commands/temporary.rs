//! `mudlark temporary`: blocks that hardly lived, with the stacks that asked for them.

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::commands::stack_list::stack_list;
use crate::error::Error;
use crate::model::Cost;

/// Blocks that were freed before their thread asked for another, with the stacks that asked for them.
///
/// Often a buffer that is kept, or an iterator in place of a vector, does without them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark temporary out.mmt --top 3")]
pub(crate) struct Temporary {
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

impl Temporary {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        model.needs_every_request("a block that hardly lived")?;
        let mut symbols = self.symbols.symbols(&model);
        self.output.text(&stack_list(&model, &mut symbols, Cost::Temporary, self.top))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}
