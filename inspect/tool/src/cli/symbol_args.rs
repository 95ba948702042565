//! Where a command finds functions and lines.

use std::path::PathBuf;

use clap::Args;

use crate::model::Model;
use crate::symbols::{SymbolOptions, Symbols};
use crate::text;

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

/// Says in one line each which files could not be read, and which are not those of the log any more.
pub(crate) fn warn_of_unreadable(symbols: &Symbols<'_>) {
    if let Some(files) = listed(symbols.unreadable()) {
        eprintln!(
            "warning: no functions of {files}: not readable (`--exe FILE`, `--sysroot DIRECTORY` say where files are)"
        );
    }
    if let Some(files) = listed(symbols.changed()) {
        eprintln!("warning: {files} changed after the log was begun: functions and lines may be wrong");
    }
}

/// `libc.so.6 and 2 more`.
fn listed<'a>(mut files: impl ExactSizeIterator<Item = &'a str>) -> Option<String> {
    let first = text::harmless(files.next()?);
    Some(match files.len() {
        0 => first.into_owned(),
        more => format!("{first} and {more} more"),
    })
}
