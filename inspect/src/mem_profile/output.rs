//! Where tables go.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use super::html;
use super::table::Table;
use crate::meter::uncounted;

/// Where the tables of a function go.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Output {
    Stderr,
    Stdout,
    Html(&'static str),
    With(fn(&Table)),
}

impl Output {
    /// Takes a table there. What cannot be written to a file is told of on the standard error; that there is nobody to read the
    /// standard output is no reason to stop a program.
    pub(super) fn take(self, table: &Table) {
        match self {
            Self::Stderr => print(table, |text| io::stderr().write_all(text.as_bytes())),
            Self::Stdout => print(table, |text| io::stdout().write_all(text.as_bytes())),
            Self::Html(file) => {
                if let Err(error) = add_to_page(file, table) {
                    let _ = writeln!(io::stderr(), "mem_profile: {file} could not be written: {error}");
                }
            }
            Self::With(function) => function(table),
        }
    }
}

fn print(table: &Table, write: impl FnOnce(&str) -> io::Result<()>) {
    let text = uncounted(|| format!("{table}\n"));
    let _ = write(&text);
    uncounted(|| drop(text));
}

/// Adds the table to the page, which the program's first table begins anew. A page needs no end.
fn add_to_page(file: &'static str, table: &Table) -> io::Result<()> {
    static BEGUN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let mut begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    uncounted(|| {
        if begun.contains(file) {
            return File::options().append(true).open(file)?.write_all(html::section(table).as_bytes());
        }
        File::create(file)?.write_all(table.to_html().as_bytes())?;
        begun.insert(file);
        Ok(())
    })
}
