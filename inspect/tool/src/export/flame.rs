//! Flame graphs, by `inferno`: an SVG that a browser opens, in which one clicks and searches.

use std::borrow::Cow;
use std::io::{self, Write};

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{self, Options};

use crate::text::harmless;

/// What stands above a flame graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// Of what it is.
    pub title: String,
    /// What else there is to say.
    pub subtitle: String,
}

/// Draws folded stacks, whose numbers are bytes. With two numbers, growth is red and what has shrunk is blue; the widths are
/// the second's.
///
/// # Errors
///
/// Those of the writer; also if there are no stacks.
pub fn draw(folded: &str, heading: &Heading, to: &mut dyn Write) -> io::Result<()> {
    let mut options = Options::default();
    options.title = for_xml(&harmless(&heading.title)).into_owned();
    options.subtitle = Some(for_xml(&heading.subtitle).into_owned()).filter(|subtitle| !subtitle.is_empty());
    "bytes".clone_into(&mut options.count_name);
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    flamegraph::from_lines(&mut options, for_xml(folded).lines(), to)
}

/// A text in which the characters that no XML may have, however they are written, are as in Rust's texts: `\u{0}`.
fn for_xml(text: &str) -> Cow<'_, str> {
    if !text.contains(is_no_xml) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().flat_map(|char| {
        let (same, other) = if is_no_xml(char) { (None, Some(char.escape_unicode())) } else { (Some(char), None) };
        same.into_iter().chain(other.into_iter().flatten())
    });
    Cow::Owned(escaped.collect())
}

fn is_no_xml(char: char) -> bool {
    let is_control = char < ' ' && !matches!(char, '\t' | '\n' | '\r');
    is_control || matches!(char, '\u{fffe}' | '\u{ffff}')
}
