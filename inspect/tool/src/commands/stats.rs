//! `mudlark stats`: what happened, in a few lines.

use clap::Args;

use crate::cli::{Input, Output};
use crate::error::Error;

/// What happened, in a few lines: totals, the peak, what leaked, sizes, threads, collections.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark stats out.mmt")]
pub(crate) struct Stats {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
}

impl Stats {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.input.read()?;
        self.output.text(&format!("{:?}\n", model.all()))
    }
}
