//! `mudlark census`: what collectors had of each type.

use clap::Args;

use crate::census;
use crate::cli::{Input, Output};
use crate::error::Error;

/// What the collectors had of each type and generation, when they last told of it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark census out.mmt")]
pub(crate) struct Census {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
}

impl Census {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let rows = census::rows(&self.input.read()?);
        if rows.is_empty() {
            return Err(Error::Nothing {
                what: "census of a collector",
                advice: "a log has one where the recorder watches a collector; `Collector::census()` prints one at once",
            });
        }
        self.output.text(&census::table(&rows))
    }
}
