//! Cuts a source into tokens.

use super::{
    interner::Interner,
    number,
    source::{Offset, Source},
    value::Value,
};

/// A token, and where it begins.
#[derive(Debug)]
pub struct Token {
    /// Where it begins.
    pub offset: Offset,
    /// What it is.
    pub kind: TokenKind,
}

/// What a token is.
#[derive(Debug)]
pub enum TokenKind {
    /// `(` or `[`, with the bracket that closes it.
    Open(char),
    /// `#(`
    OpenVector,
    /// `)` or `]`
    Close(char),
    /// `'` and the like: the name of the form it is short for.
    Prefix(&'static str),
    /// `#;`: the next datum does not count.
    Discard,
    /// The dot of a dotted pair.
    Dot,
    /// A datum without parts.
    Atom(Value),
    /// The end of the source.
    End,
}

/// What is wrong with a source.
#[derive(Debug)]
pub struct ReadError {
    /// Where.
    pub offset: Offset,
    /// What.
    pub message: String,
    /// Whether more text at the end could put it right.
    pub incomplete: bool,
}

impl ReadError {
    /// An error that more text does not put right.
    pub fn new(offset: Offset, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), incomplete: false }
    }

    /// An error that more text could put right.
    pub fn incomplete(offset: Offset, message: impl Into<String>) -> Self {
        Self { incomplete: true, ..Self::new(offset, message) }
    }
}

/// The tokens of a source, one after the other.
#[derive(Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of the source.
    pub fn new(source: &'a Source) -> Self {
        Self { text: &source.text, at: 0 }
    }

    /// The next token.
    pub fn next(&mut self, symbols: &mut Interner) -> Result<Token, ReadError> {
        self.skip_blanks()?;
        let offset = self.offset();
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some('"') => TokenKind::Atom(self.string(offset)?),
            Some('#') => self.after_hash(offset)?,
            Some(first) => match self.punctuation(first) {
                Some(kind) => kind,
                None => self.word(offset, symbols)?,
            },
        };
        Ok(Token { offset, kind })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Where the lexer is.
    fn offset(&self) -> Offset {
        Offset::try_from(self.at).expect("a source has at most Source::MAX_BYTES")
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) -> Result<(), ReadError> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            if self.rest().starts_with(';') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("#|") {
                self.skip_block_comment()?;
            } else if blank == 0 {
                return Ok(());
            }
        }
    }

    /// Skips `#| … |#`, in which others may stand.
    fn skip_block_comment(&mut self) -> Result<(), ReadError> {
        let begin = self.offset();
        let mut depth = 0;
        loop {
            let rest = self.rest();
            let Some(next) = rest.find("#|").into_iter().chain(rest.find("|#")).min() else {
                return Err(ReadError::incomplete(begin, "this comment is not closed"));
            };
            self.at += next + 2;
            depth += if rest[next..].starts_with("#|") { 1 } else { -1 };
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Brackets and prefixes.
    fn punctuation(&mut self, first: char) -> Option<TokenKind> {
        let (length, kind) = match first {
            '(' => (1, TokenKind::Open(')')),
            '[' => (1, TokenKind::Open(']')),
            ')' | ']' => (1, TokenKind::Close(first)),
            '\'' => (1, TokenKind::Prefix("quote")),
            '`' => (1, TokenKind::Prefix("quasiquote")),
            ',' if self.rest().starts_with(",@") => (2, TokenKind::Prefix("unquote-splicing")),
            ',' => (1, TokenKind::Prefix("unquote")),
            _ => return None,
        };
        self.at += length;
        Some(kind)
    }

    /// What begins with `#`.
    fn after_hash(&mut self, offset: Offset) -> Result<TokenKind, ReadError> {
        for (start, kind) in [("#(", TokenKind::OpenVector), ("#;", TokenKind::Discard)] {
            if self.rest().starts_with(start) {
                self.at += start.len();
                return Ok(kind);
            }
        }
        if self.rest().starts_with("#\\") {
            return self.character(offset);
        }
        let word = self.take_word();
        let value = match word {
            "#t" | "#true" => Value::Bool(true),
            "#f" | "#false" => Value::Bool(false),
            _ => {
                let radix = match word.get(..2) {
                    Some("#x") => 16,
                    Some("#o") => 8,
                    Some("#b") => 2,
                    _ => return Err(ReadError::new(offset, format!("{word}: unknown syntax"))),
                };
                number::parse(&word[2..], radix)
                    .ok_or_else(|| ReadError::new(offset, format!("{word}: not a number of base {radix}")))?
            }
        };
        Ok(TokenKind::Atom(value))
    }

    /// `#\a`, `#\space`, `#\x41`.
    fn character(&mut self, offset: Offset) -> Result<TokenKind, ReadError> {
        self.at += "#\\".len();
        let Some(first) = self.rest().chars().next() else {
            return Err(ReadError::incomplete(offset, "#\\: a character is missing"));
        };
        self.at += first.len_utf8();
        let start = self.at - first.len_utf8();
        if !is_delimiter(first) {
            self.take_word();
        }
        let name = &self.text[start..self.at];
        let char = if name.len() == first.len_utf8() { Some(first) } else { char_by_name(name) };
        match char {
            Some(char) => Ok(TokenKind::Atom(Value::Char(char))),
            None => Err(ReadError::new(offset, format!("#\\{name}: unknown character name"))),
        }
    }

    /// A string in quotes.
    fn string(&mut self, offset: Offset) -> Result<Value, ReadError> {
        self.at += 1;
        let mut content = String::new();
        while let Some(char) = self.take_char() {
            match char {
                '"' => return Ok(Value::text(content)),
                '\\' => content.extend(self.escape()?),
                other => content.push(other),
            }
        }
        Err(ReadError::incomplete(offset, "this string is not closed"))
    }

    /// What stands after a backslash in a string: mostly a character, but nothing for the end of a line.
    fn escape(&mut self) -> Result<Option<char>, ReadError> {
        let offset = self.offset() - 1;
        Ok(Some(match self.take_char() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('0') => '\0',
            Some(same @ ('"' | '\\')) => same,
            Some('x') => {
                let Some(length) = self.rest().find(';') else {
                    return Err(ReadError::new(offset, "\\x: a semicolon is missing after the number"));
                };
                let digits = &self.rest()[..length];
                self.at += length + 1;
                char_by_code(digits)
                    .ok_or_else(|| ReadError::new(offset, format!("\\x{digits};: not a character's number")))?
            }
            Some('\n') => {
                self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                return Ok(None);
            }
            Some(other) => return Err(ReadError::new(offset, format!("\\{other}: unknown escape"))),
            None => return Ok(None),
        }))
    }

    fn take_char(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.at += char.len_utf8();
        Some(char)
    }

    /// The text up to the next delimiter.
    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(is_delimiter).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// A number, a symbol, or the dot.
    fn word(&mut self, offset: Offset, symbols: &mut Interner) -> Result<TokenKind, ReadError> {
        let word = self.take_word();
        if word == "." {
            return Ok(TokenKind::Dot);
        }
        Ok(TokenKind::Atom(match number::parse(word, 10) {
            Some(number) => number,
            None if number::is_integer(word) => {
                return Err(ReadError::new(offset, format!("{word}: does not fit in an integer of 64 bits")));
            }
            None => Value::Symbol(symbols.intern(word)),
        }))
    }
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"' | ';' | '\'' | '`' | ',')
}

/// The names of characters that are hard to see.
pub const CHARACTER_NAMES: [(&str, char); 9] = [
    ("space", ' '),
    ("newline", '\n'),
    ("tab", '\t'),
    ("return", '\r'),
    ("null", '\0'),
    ("alarm", '\u{7}'),
    ("backspace", '\u{8}'),
    ("delete", '\u{7f}'),
    ("escape", '\u{1b}'),
];

fn char_by_name(name: &str) -> Option<char> {
    let named = CHARACTER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, char)| *char);
    named.or_else(|| char_by_code(name.strip_prefix('x')?))
}

fn char_by_code(digits: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}
