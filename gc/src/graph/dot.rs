//! Graphviz's language: a picture as text.
//!
//! Names of types and fields are anybody's, so all text is escaped. Nodes and names of edges have a ground of their own, and
//! the rest is of a middle grey: so a picture can be read on a dark page as well as on a white one.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;

use crate::segment::Home;
use crate::type_name::Short;

/// A picture in Graphviz's DOT language: [`Graph::to_dot`](crate::Graph::to_dot).
///
/// An object is a box with its type, its strong count, how many of these are held from outside, its bytes and its generation,
/// which is also its colour. Arrows have the names of fields. A red tag is a hold from outside, a dashed box says how many
/// objects were left out, and a thick border shows what was asked about.
///
/// [`Display`](fmt::Display) writes it, for `dot -Tsvg` or any other program that reads the language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dot {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// What is left out leads to what is drawn.
    pub(super) grows_backward: bool,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) type_name: &'static str,
    /// Handles to it, but for those that were asked with.
    pub(super) count: usize,
    /// [`usize::MAX`] if the object is immortal.
    pub(super) external: usize,
    pub(super) bytes: usize,
    pub(super) place: Place,
    pub(super) is_root: bool,
    /// Neighbours that are not drawn.
    pub(super) more: usize,
}

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(Home),
    Untracked,
    /// With another collector.
    Elsewhere,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::At(Home::Young) => "young",
            Self::At(Home::Middle) => "middle",
            Self::At(Home::Old) => "old",
            Self::At(Home::Frozen) => "frozen",
            Self::Untracked => "untracked",
            Self::Elsewhere => "another collector's",
        }
    }

    /// Light, so that dark text can be read on it.
    const fn colour(self) -> &'static str {
        match self {
            Self::At(Home::Young) => "#b9e6c3",
            Self::At(Home::Middle) => "#ffe6a1",
            Self::At(Home::Old) => "#aecdf7",
            Self::At(Home::Frozen) => "#c3ccd6",
            Self::Untracked => "#ececec",
            Self::Elsewhere => "#e5c8f2",
        }
    }
}

/// The edges between two objects, each by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) source: usize,
    pub(super) target: usize,
    /// Of the first of them.
    pub(super) names: Vec<String>,
    pub(super) edges: usize,
}

/// What holds for the whole picture.
const STYLE: &str = r##"    graph [bgcolor="transparent", nodesep=0.3, ranksep=0.4];
    node [shape=box, style="filled,rounded", fontname="Helvetica,Arial,sans-serif", fontsize=11, fontcolor="#1a1a1a", color="#7a7a7a", margin="0.12,0.06"];
    edge [fontname="Helvetica,Arial,sans-serif", fontsize=10, fontcolor="#1a1a1a", color="#8c8c8c"];
"##;
const ROOT: &str = r##", penwidth=2.5, color="#d9480f""##;
const OUTSIDE: &str = r##"shape=cds, style=filled, fontsize=10, fillcolor="#ffb8a8""##;
const LEFT_OUT: &str = r##"style="filled,rounded,dashed", fontsize=10, fillcolor="#f5f5f5""##;
const EDGE_GROUND: &str = "#ececec";

impl Dot {
    /// Writes the picture.
    ///
    /// # Errors
    ///
    /// When `out` refuses to take it.
    pub fn write_to(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("digraph objects {\n")?;
        out.write_str(STYLE)?;
        for (index, node) in self.nodes.iter().enumerate() {
            node.write(index, out)?;
            node.write_hold(index, out)?;
            self.write_rest(index, node.more, out)?;
        }
        self.edges.iter().try_for_each(|edge| edge.write(out))?;
        out.write_str("}\n")
    }

    /// How many neighbours are not drawn.
    fn write_rest(&self, index: usize, more: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        if more == 0 {
            return Ok(());
        }
        writeln!(out, "    more{index} [label=\"… {more} more\", {LEFT_OUT}];")?;
        match self.grows_backward {
            true => writeln!(out, "    more{index} -> object{index} [style=dashed];"),
            false => writeln!(out, "    object{index} -> more{index} [style=dashed];"),
        }
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

impl Node {
    fn write(&self, index: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        let Self { type_name, bytes, place, .. } = self;
        write!(out, "    object{index} [label=\"{}\\n", Quoted(Short(type_name)))?;
        match self.external {
            usize::MAX => out.write_str("immortal\\n")?,
            // Those who asked are the only ones to have handles.
            0 if self.count == 0 => {}
            0 => write!(out, "count {}\\n", self.count)?,
            external => write!(out, "count {}, {external} from outside\\n", self.count)?,
        }
        write!(out, "{bytes} bytes, {}\", fillcolor=\"{}\"", place.name(), place.colour())?;
        write!(out, ", tooltip=\"{}\"", Quoted(type_name))?;
        out.write_str(if self.is_root { ROOT } else { "" })?;
        out.write_str("];\n")
    }

    /// A mark for those who hold the object from outside.
    fn write_hold(&self, index: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        match self.external {
            0 => return Ok(()),
            usize::MAX => write!(out, "    outside{index} [label=\"for ever\"")?,
            external => write!(out, "    outside{index} [label=\"{external} outside\"")?,
        }
        writeln!(out, ", {OUTSIDE}];\n    outside{index} -> object{index} [style=dashed];")
    }
}

impl Edge {
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Self { source, target, .. } = self;
        write!(out, "    object{source} -> object{target}")?;
        if self.names.iter().any(|name| !name.is_empty()) || self.edges > self.names.len() {
            write!(out, " [label=<<table border=\"0\" cellspacing=\"0\" cellpadding=\"2\"><tr>")?;
            write!(out, "<td bgcolor=\"{EDGE_GROUND}\">{}</td></tr></table>>]", Html(EdgeLabel(self)))?;
        }
        out.write_str(";\n")
    }
}

/// The names of some edges between the same two objects.
struct EdgeLabel<'a>(&'a Edge);

impl fmt::Display for EdgeLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Edge { names, edges, .. } = self.0;
        for (index, name) in names.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", if name.is_empty() { "·" } else { name })?;
        }
        match edges - names.len() {
            0 => Ok(()),
            more => write!(f, ", … {more} more"),
        }
    }
}

/// Text between quotation marks, where Graphviz reads backslashes and, as in HTML, ampersands.
struct Quoted<T>(T);

impl<T: fmt::Display> fmt::Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |character| match character {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '&' => Some("&amp;"),
            _ => None,
        };
        fmt::Write::write_fmt(&mut Escaped { out: f, escape }, format_args!("{}", self.0))
    }
}

/// Text in a label that is like HTML.
struct Html<T>(T);

impl<T: fmt::Display> fmt::Display for Html<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |character| match character {
            '"' => Some("&quot;"),
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            _ => None,
        };
        fmt::Write::write_fmt(&mut Escaped { out: f, escape }, format_args!("{}", self.0))
    }
}

/// Writes other text for some characters, and a mark for those that are none to be seen.
struct Escaped<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    escape: fn(char) -> Option<&'static str>,
}

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match (self.escape)(character) {
                Some(escaped) => self.out.write_str(escaped)?,
                None if character.is_control() => self.out.write_char(char::REPLACEMENT_CHARACTER)?,
                None => self.out.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Html, Quoted};
    use alloc::string::ToString;

    #[test]
    fn text_is_escaped_for_where_it_stands() {
        let text = "a\\N \"b\" <&'c> &lt;\n\0é";
        assert_eq!(Quoted(text).to_string(), "a\\\\N \\\"b\\\" <&amp;'c> &amp;lt;\u{FFFD}\u{FFFD}é");
        assert_eq!(Html(text).to_string(), "a\\N &quot;b&quot; &lt;&amp;'c&gt; &amp;lt;\u{FFFD}\u{FFFD}é");
    }
}
