//! A tool that edits TOML and keeps its layout: a lock file is read with `toml_edit`, every version in it raised, and
//! it is written again. Keys, values and the space around them are strings of their own, most of them short.

use core::fmt::Write;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::checksum;
use crate::outcome::{Outcome, timed};
use crate::words::Words;

/// Packages in the file.
const PACKAGES: usize = 3000;

/// Edits the file so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let file = lock_file();
    timed(rounds, || checksum::of_rounds(rounds, |round| checksum::of(&edited(&file, round))))
}

fn edited(file: &str, round: usize) -> String {
    let mut document: DocumentMut = file.parse().expect("the file is TOML");
    let packages = document["package"].as_array_of_tables_mut().into_iter().flat_map(ArrayOfTables::iter_mut);
    packages.for_each(|package| raise_version(package, round));
    document.to_string()
}

fn raise_version(package: &mut Table, round: usize) {
    let raised = package.get("version").and_then(Item::as_str).map(|version| format!("{version}.{round}"));
    package["version"] = value(raised.expect("every package has a version"));
}

fn lock_file() -> String {
    let mut words = Words::new(4);
    let mut text = String::from("# This file is made by a tool.\nversion = 4\n");
    for number in 0..PACKAGES {
        let (name, major, minor) = (words.word().to_owned(), words.below(9), words.below(60));
        let hash = words.random().next();
        write!(
            text,
            "\n[[package]]\nname = \"{name}-{number}\"\nversion = \"{major}.{minor}.0\" # as released\n\
             source = \"registry\"\nchecksum = \"{hash:016x}\"\nlimits = {{ low = {minor}, high = 1_000 }}\ndependencies = [\n"
        )
        .expect("a string takes all");
        for _ in 0..words.below(8) {
            let number = words.below(PACKAGES);
            writeln!(text, " \"{}-{number}\",", words.word()).expect("a string takes all");
        }
        text.push_str("]\n");
    }
    text
}
