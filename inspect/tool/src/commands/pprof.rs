//! `mudlark pprof`: a file for Go's `pprof`, and all that read its format.

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::export::pprof::pprof;

/// A profile for `pprof`: objects and bytes that were asked for, that are in use at the end, and that were at the peak.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  mudlark pprof out.mmt -o out.pb.gz
  go tool pprof -http=: -sample_index=peak_space out.pb.gz")]
pub(crate) struct Pprof {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

impl Pprof {
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.output.refuse_terminal()?;
        let model = self.input.read()?;
        let mut symbols = self.symbols.symbols(&model);
        self.output.write(|to| to.write_all(&pprof(&model, &mut symbols)?))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}
