//! A maker of web pages from Markdown: the comments and guides of this repository are parsed with `comrak` and rendered
//! as HTML. The tree lies in an arena, its strings and vectors do not.

use comrak::{Options, markdown_to_html};

use crate::outcome::{Outcome, timed};
use crate::{checksum, repository};

/// Renders all pages so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let mut pages = repository::texts(".md");
    pages.extend(repository::texts(".rs").iter().map(|source| documentation(source)));
    let options = options();
    timed(rounds, || {
        checksum::of_rounds(rounds, |_| {
            checksum::of_rounds(pages.len(), |page| checksum::of(&markdown_to_html(&pages[page], &options)))
        })
    })
}

/// What GitHub understands.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options
}

/// The doc comments of a source.
fn documentation(source: &str) -> String {
    let comment = |line: &'_ str| {
        let line = line.trim_start();
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).map(str::to_owned)
    };
    let lines: Vec<String> = source.lines().map(|line| comment(line).unwrap_or_default()).collect();
    lines.join("\n")
}
