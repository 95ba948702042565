//! `mudlark dhat`: a file for valgrind's viewer of heap profiles.

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::export::dhat::dhat;

/// A file for valgrind's viewer of heap profiles, `dh_view.html`: totals, lifetimes, the peak and the end, by stack.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  mudlark dhat out.mmt -o out.json    then open /usr/libexec/valgrind/dh_view.html and load it")]
pub(crate) struct Dhat {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

impl Dhat {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        let mut symbols = self.symbols.symbols(&model);
        self.output.write(|to| to.write_all(&dhat(&model, &mut symbols)?))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}
