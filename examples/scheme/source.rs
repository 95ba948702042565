//! A program's text, and places in it.
//!
//! Everything that is read keeps its [`Offset`] in bytes; line and column are worked out only when an error is shown.

use core::fmt;
use std::rc::Rc;

/// A place in a source: bytes from its beginning.
pub type Offset = u32;

/// A named text that programs or data are read from.
#[derive(Debug)]
pub struct Source {
    /// What error messages call it: mostly a file's name.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Whether it is the language's own: an error in it is shown at the call that led there.
    pub hidden: bool,
}

impl Source {
    /// The most bytes a source may have, so that every place in it is an [`Offset`].
    pub const MAX_BYTES: usize = Offset::MAX as usize;

    /// A source of that name and text, or `None` when the text is longer than [`Source::MAX_BYTES`].
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Option<Rc<Self>> {
        let text = text.into();
        (text.len() <= Self::MAX_BYTES).then(|| Rc::new(Self { name: name.into(), text, hidden: false }))
    }
}

/// A place in a certain source. Shows as `name:line:column`; both count from one, columns in characters.
#[derive(Clone, Debug)]
pub struct Position {
    /// The text.
    pub source: Rc<Source>,
    /// The place in it.
    pub offset: Offset,
}

impl Position {
    /// The line's number, and the text of that line before and after the position.
    fn line(&self) -> (usize, &str, &str) {
        let text = &self.source.text;
        let (before, after) = text.split_at_checked(self.offset as usize).unwrap_or((text, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = after.find('\n').unwrap_or(after.len());
        (before.matches('\n').count() + 1, &before[start..], &after[..end])
    }

    /// The source line with a caret below the position; of a long line, what is around it:
    ///
    /// ```text
    ///   12 | (car 5)
    ///      | ^
    /// ```
    pub fn excerpt(&self) -> String {
        const BEFORE: usize = 80;
        const AFTER: usize = 60;
        let (number, before, after) = self.line();
        let number = number.to_string();
        let (before, is_cut) = match before.char_indices().rev().nth(BEFORE - 1) {
            Some((start, _)) if start > 0 => (&before[start..], true),
            _ => (before, false),
        };
        let end = after.char_indices().nth(AFTER).map_or(after.len(), |(end, _)| end);
        let left = if is_cut { "…" } else { "" };
        let right = if end < after.len() { "…" } else { "" };
        // Tabs stay tabs, so that the caret stands right however wide the terminal draws them.
        let indent: String = left.chars().chain(before.chars()).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let line = format!("{left}{before}{}{right}", &after[..end]);
        format!("  {number} | {}\n  {:width$} | {indent}^", line.trim_end(), "", width = number.len())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, before, _) = self.line();
        write!(f, "{}:{line}:{}", self.source.name, before.chars().count() + 1)
    }
}
