//! Where a function stands in its file, and what stands there.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The lines of a function, from its signature to the brace that ends it.
pub(crate) struct Source {
    pub(crate) first_line: usize,
    lines: Vec<String>,
}

impl Source {
    /// The source of these tokens. Of what the compiler does not know, as when a macro has made it up, the lines are empty.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        let first_line = tokens.clone().into_iter().next().map_or(0, |token| line_of(token.span()));
        let mut source = Self { first_line, lines: vec![String::new()] };
        for token in tokens {
            let span = token.span().unwrap();
            if let (Some(index), Some(text)) = (span.line().checked_sub(first_line), span.source_text()) {
                source.place(index, span.column().saturating_sub(1), &text);
            }
        }
        source
    }

    /// Puts a text to its place. All its lines but the first one come with what is before them.
    fn place(&mut self, index: usize, column: usize, text: &str) {
        for (offset, text) in text.lines().enumerate() {
            let index = index + offset;
            // Tokens of somewhere else are far away.
            if index > self.lines.len() + 1000 {
                return;
            }
            if index >= self.lines.len() {
                self.lines.resize(index + 1, String::new());
            }
            let line = &mut self.lines[index];
            if offset == 0 {
                let len = line.chars().count();
                line.extend(core::iter::repeat_n(' ', column.saturating_sub(len)));
            }
            line.push_str(text);
        }
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Which of the lines it is where these tokens begin.
    pub(crate) fn index_of(&self, tokens: &impl ToTokens) -> Option<usize> {
        let first = tokens.to_token_stream().into_iter().next()?;
        self.index_of_span(first.span())
    }

    pub(crate) fn index_of_span(&self, span: Span) -> Option<usize> {
        line_of(span).checked_sub(self.first_line).filter(|&index| index < self.len())
    }

    /// All lines, without the space that all of them begin with.
    pub(crate) fn text(&self) -> String {
        let written = || self.lines.iter().filter(|line| !line.trim().is_empty());
        let indentation = written().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let lines: Vec<_> = self.lines.iter().map(|line| line.get(indentation..).unwrap_or("").trim_end()).collect();
        lines.join("\n")
    }
}

fn line_of(span: Span) -> usize {
    span.unwrap().line()
}
