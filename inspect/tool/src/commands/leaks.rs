//! `mudlark leaks`: what is live at the end, with the stacks that asked for it.

use clap::Args;

use crate::commands::stack_list::StackList;
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
    list: StackList,
}

impl Leaks {
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.list.write(&self.list.read()?, Cost::Leaked)
    }
}
