//! A formatter of Rust: the sources of this repository are parsed with `syn`, all syntax trees live at once, and
//! written again with `prettyplease`. Trees of boxes and vectors, identifiers as strings.

use crate::outcome::{Outcome, timed};
use crate::{checksum, repository};

/// Formats all sources so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let sources = repository::texts(".rs");
    timed(rounds, || checksum::of_rounds(rounds, |_| format(&sources)))
}

fn format(sources: &[String]) -> u64 {
    let parse = |source: &String| syn::parse_file(source).expect("the repository's sources are Rust");
    let trees: Vec<syn::File> = sources.iter().map(parse).collect();
    checksum::of_rounds(trees.len(), |place| checksum::of(&prettyplease::unparse(&trees[place])))
}
