//! Where a function stands in its file, and what stands there.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ItemFn;

use crate::spacing::one_line;

/// The lines of a function, from its signature to the brace that ends it.
///
/// The body is one text, with its comments. The head is put together of its tokens, which know their columns.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) first_line: usize,
    lines: Vec<String>,
}

impl Source {
    /// The source of a function, without attributes and documentation.
    pub(crate) fn of(function: &ItemFn) -> Self {
        let body = Piece::of(function.block.brace_token.span.join());
        let head = head(function);
        match pieces(&head).filter(|pieces| stand_before(pieces, &body)) {
            Some(pieces) => Self::as_written(&pieces, body),
            None => Self::around(&head, body),
        }
    }

    /// All pieces at their places.
    fn as_written(head: &[Piece], body: Piece) -> Self {
        let first_line = head.first().map_or(body.first_line, |piece| piece.first_line);
        let mut source = Self { file: body.file.clone(), first_line, lines: Vec::new() };
        for piece in head {
            source.place(piece);
        }
        source.place(&body);
        source
    }

    /// The body at its place, and before it a head whose tokens come from several places, as when `macro_rules!` was told the
    /// function's name: all of it is on the body's first line.
    fn around(head: &TokenStream, mut body: Piece) -> Self {
        let is_body = body.text.starts_with('{') && body.text.ends_with('}');
        // A body that a macro has made up is nowhere.
        let text = if is_body { &body.text } else { "{ … }" };
        let written = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        let indentation = written.map(|line| line.len() - line.trim_start().len()).min();
        body.text = format!("{} {text}", one_line(head.clone()));
        body.first_column = indentation.unwrap_or(0);
        Self::as_written(&[], body)
    }

    /// Puts a piece to its place. All its lines but the first one come with what is before them. The two tokens of a lifetime are
    /// in one place, and one text.
    fn place(&mut self, piece: &Piece) {
        let index = piece.first_line - self.first_line;
        for (index, text) in (index..).zip(piece.text.lines()) {
            if index >= self.lines.len() {
                self.lines.resize(index + 1, String::new());
            }
            let line = &mut self.lines[index];
            if index + self.first_line == piece.first_line {
                let len = line.chars().count();
                if len > piece.first_column {
                    return;
                }
                line.extend(core::iter::repeat_n(' ', piece.first_column - len));
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
        let span = span.unwrap();
        let index = span.line().checked_sub(self.first_line).filter(|&index| index < self.len())?;
        (span.file() == self.file).then_some(index)
    }

    /// All lines, without the space that all of them begin with.
    pub(crate) fn text(&self) -> String {
        let written = || self.lines.iter().filter(|line| !line.trim().is_empty());
        let indentation = written().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let lines: Vec<_> = self.lines.iter().map(|line| line.get(indentation..).unwrap_or("").trim_end()).collect();
        lines.join("\n")
    }
}

/// What stands in one place.
struct Piece {
    file: String,
    first_line: usize,
    /// From 0.
    first_column: usize,
    /// Line and column after it.
    end: (usize, usize),
    /// Empty if the compiler does not know.
    text: String,
}

impl Piece {
    fn of(span: Span) -> Self {
        let span = span.unwrap();
        let end = span.end();
        Self {
            file: span.file(),
            first_line: span.line(),
            first_column: span.column().saturating_sub(1),
            end: (end.line(), end.column().saturating_sub(1)),
            text: span.source_text().unwrap_or_default(),
        }
    }

    fn begin(&self) -> (usize, usize) {
        (self.first_line, self.first_column)
    }
}

/// All before the body.
fn head(function: &ItemFn) -> TokenStream {
    let mut tokens = function.vis.to_token_stream();
    function.sig.to_tokens(&mut tokens);
    tokens
}

/// The places of the tokens, if the source of each one is what it says.
fn pieces(tokens: &TokenStream) -> Option<Vec<Piece>> {
    let piece = |token: TokenTree| Some(Piece::of(token.span())).filter(|piece| !piece.text.is_empty());
    tokens.clone().into_iter().map(piece).collect()
}

/// Whether these pieces and the body follow one another in one file, with nothing but comments between them.
fn stand_before(pieces: &[Piece], body: &Piece) -> bool {
    /// What is further away is not a comment.
    const LINES_OF_A_COMMENT: usize = 20;

    let follows = |(before, after): (&Piece, &Piece)| {
        let is_same = before.begin() == after.begin() && before.end == after.end;
        let is_close = after.first_line.saturating_sub(before.end.0) <= LINES_OF_A_COMMENT;
        before.file == after.file && (is_same || before.end <= after.begin()) && is_close
    };
    body.text.starts_with('{') && pieces.iter().zip(pieces.iter().skip(1).chain([body])).all(follows)
}
