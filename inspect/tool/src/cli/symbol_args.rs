//! Where a command finds functions and lines.

use std::path::PathBuf;

use clap::Args;

use crate::model::Model;
use crate::symbols::{SymbolOptions, Symbols};

/// Where files of code are, and which frames are shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SymbolArgs {
    /// The program's own file: for a firmware, whose log does not name it, or if it is elsewhere now.
    #[arg(long, value_name = "FILE")]
    exe: Option<PathBuf>,

    /// Look for files in this directory first, as they lay on the machine of the log.
    #[arg(long, value_name = "DIRECTORY")]
    sysroot: Option<PathBuf>,

    /// Show the allocator's and the recorder's own functions too, and those that call `main`.
    #[arg(long)]
    all_frames: bool,
}

impl SymbolArgs {
    /// The functions and lines of a model's program.
    pub(crate) fn symbols<'m>(&self, model: &'m Model) -> Symbols<'m> {
        Symbols::new(&model.program, self.options())
    }

    /// The same, for the library.
    pub(crate) fn options(&self) -> SymbolOptions {
        let Self { exe, sysroot, all_frames } = self.clone();
        SymbolOptions { exe, sysroot, all_frames }
    }
}

/// Says in one line which files could not be read.
pub(crate) fn warn_of_unreadable(symbols: &Symbols<'_>) {
    let files: Vec<&str> = symbols.unreadable().collect();
    if let Some(first) = files.first() {
        let others = match files.len() {
            1 => String::new(),
            len => format!(" and {} more", len - 1),
        };
        eprintln!(
            "warning: no functions of {first}{others}: not readable (`--exe FILE` and `--sysroot DIRECTORY` say where files are)"
        );
    }
}
