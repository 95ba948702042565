//! `mudlark temporary`: blocks that hardly lived, with the stacks that asked for them.

use clap::Args;

use crate::commands::stack_list::StackList;
use crate::error::Error;
use crate::model::Cost;

/// Blocks that were freed before their thread asked for another, with the stacks that asked for them.
///
/// Often a buffer that is kept, or an iterator in place of a vector, does without them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mudlark temporary out.mmt --top 3")]
pub(crate) struct Temporary {
    #[command(flatten)]
    list: StackList,
}

impl Temporary {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let model = self.list.read()?;
        model.needs_every_request("a block that hardly lived")?;
        self.list.write(&model, Cost::Temporary)
    }
}
