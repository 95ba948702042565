//! Flame graphs, by `inferno`: an SVG that a browser opens, in which one clicks and searches.

use std::io::{self, Write};

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{self, Options};

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
    options.title.clone_from(&heading.title);
    options.subtitle = Some(heading.subtitle.clone()).filter(|subtitle| !subtitle.is_empty());
    "bytes".clone_into(&mut options.count_name);
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    flamegraph::from_lines(&mut options, folded.lines(), to)
}
