//! Reads data: text becomes values, and every place in the text is remembered.
//!
//! The lists that are open stand on a stack of the reader's own, so data may be nested as deeply as memory allows.

use std::collections::HashMap;

use mudlark_gc::Gc;

use super::{
    interner::{Interner, Symbol},
    lexer::{Lexer, ReadError, Token, TokenKind},
    source::{Offset, Source},
    value::{Pair, Value},
};

/// A datum of a source, and where its parts were.
#[derive(Debug)]
pub struct Form {
    /// The datum.
    pub datum: Value,
    /// Where it begins.
    pub offset: Offset,
    /// Where its parts begin.
    pub positions: Positions,
}

/// Where the items of lists begin, by the pair that holds the item.
///
/// It goes by the pairs' addresses, so it means something only while the datum it was made for is alive; a [`Form`]
/// keeps both together.
#[derive(Debug, Default)]
pub struct Positions(HashMap<*const Pair, Offset>);

impl Positions {
    /// Where the item in the pair's `car` begins, if the pair was read.
    pub fn of_car(&self, pair: &Gc<Pair>) -> Option<Offset> {
        self.0.get(&Gc::as_ptr(pair)).copied()
    }
}

/// The forms of a source, one after the other.
#[derive(Debug)]
pub struct Reader<'a> {
    lexer: Lexer<'a>,
    open: Vec<Open>,
    positions: Positions,
}

/// A datum that was begun.
#[derive(Debug)]
enum Open {
    List { offset: Offset, closer: char, items: Vec<(Offset, Value)>, tail: Tail },
    Vector { offset: Offset, items: Vec<Value> },
    Prefix { offset: Offset, symbol: Symbol },
    Discard { offset: Offset },
}

/// What comes after a list's items.
#[derive(Debug)]
enum Tail {
    Nothing,
    /// A dot was read here.
    Expected(Offset),
    Given(Value),
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of the source.
    pub fn new(source: &'a Source) -> Self {
        Self { lexer: Lexer::new(source), open: Vec::new(), positions: Positions::default() }
    }

    /// The next form, or `None` at the end.
    pub fn next_form(&mut self, symbols: &mut Interner) -> Result<Option<Form>, ReadError> {
        loop {
            let Token { offset, kind } = self.lexer.next(symbols)?;
            let complete = match kind {
                TokenKind::End => return self.end(),
                TokenKind::Dot => self.dot(offset)?,
                TokenKind::Open(closer) => {
                    self.begin(Open::List { offset, closer, items: vec![], tail: Tail::Nothing })
                }
                TokenKind::OpenVector => self.begin(Open::Vector { offset, items: vec![] }),
                TokenKind::Discard => self.begin(Open::Discard { offset }),
                TokenKind::Prefix(name) => {
                    let symbol = symbols.intern(name);
                    self.begin(Open::Prefix { offset, symbol })
                }
                TokenKind::Close(closer) => Some(self.close(offset, closer)?),
                TokenKind::Atom(value) => Some((offset, value)),
            };
            let Some((offset, value)) = complete else { continue };
            if let Some((offset, datum)) = self.deliver(offset, value)? {
                return Ok(Some(Form { datum, offset, positions: core::mem::take(&mut self.positions) }));
            }
        }
    }

    fn begin(&mut self, open: Open) -> Option<(Offset, Value)> {
        self.open.push(open);
        None
    }

    /// The source is at its end: nothing may be open.
    fn end(&self) -> Result<Option<Form>, ReadError> {
        let Some(open) = self.open.last() else { return Ok(None) };
        let (offset, message) = match open {
            Open::List { offset, closer, .. } => (*offset, format!("this list is not closed: `{closer}` is missing")),
            Open::Vector { offset, .. } => (*offset, "this vector is not closed: `)` is missing".into()),
            Open::Prefix { offset, symbol } => (*offset, format!("{}: a datum is missing after it", symbol.name())),
            Open::Discard { offset } => (*offset, "#;: a datum is missing after it".into()),
        };
        Err(ReadError::incomplete(offset, message))
    }

    fn dot(&mut self, offset: Offset) -> Result<Option<(Offset, Value)>, ReadError> {
        match self.open.last_mut() {
            Some(Open::List { items, tail: tail @ Tail::Nothing, .. }) if !items.is_empty() => {
                *tail = Tail::Expected(offset);
                Ok(None)
            }
            _ => Err(ReadError::new(offset, "a dot may only stand before the last datum of a list")),
        }
    }

    /// Closes the innermost list or vector, and returns it with the place where it began.
    fn close(&mut self, offset: Offset, closer: char) -> Result<(Offset, Value), ReadError> {
        match self.open.pop() {
            Some(Open::List { offset: begin, closer: right, items, tail }) if right == closer => match tail {
                Tail::Nothing => Ok((begin, self.list(items, Value::Nil))),
                Tail::Given(tail) => Ok((begin, self.list(items, tail))),
                Tail::Expected(dot) => Err(ReadError::new(dot, "a datum is missing after this dot")),
            },
            Some(Open::Vector { offset: begin, items }) if closer == ')' => Ok((begin, Value::vector(items))),
            Some(Open::List { closer: right, .. }) => {
                Err(ReadError::new(offset, format!("`{closer}` where `{right}` closes the list")))
            }
            Some(Open::Vector { .. }) => Err(ReadError::new(offset, "`]` where `)` closes the vector")),
            Some(Open::Prefix { offset, symbol }) => {
                Err(ReadError::new(offset, format!("{}: a datum is missing after it", symbol.name())))
            }
            Some(Open::Discard { offset }) => Err(ReadError::new(offset, "#;: a datum is missing after it")),
            None => Err(ReadError::new(offset, format!("`{closer}` closes nothing"))),
        }
    }

    /// The list of the items, with their positions noted.
    fn list(&mut self, items: Vec<(Offset, Value)>, tail: Value) -> Value {
        items.into_iter().rfold(tail, |rest, (offset, item)| {
            let list = Value::cons(item, rest);
            if let Value::Pair(pair) = &list {
                self.positions.0.insert(Gc::as_ptr(pair), offset);
            }
            list
        })
    }

    /// Hands a complete datum to what it is part of; returns it if it is part of nothing.
    fn deliver(&mut self, mut offset: Offset, mut value: Value) -> Result<Option<(Offset, Value)>, ReadError> {
        loop {
            match self.open.last_mut() {
                None => return Ok(Some((offset, value))),
                Some(Open::List { items, tail: Tail::Nothing, .. }) => items.push((offset, value)),
                Some(Open::List { tail: tail @ Tail::Expected(_), .. }) => *tail = Tail::Given(value),
                Some(Open::List { tail: Tail::Given(_), .. }) => {
                    return Err(ReadError::new(offset, "only one datum may stand after a dot"));
                }
                Some(Open::Vector { items, .. }) => items.push(value),
                Some(Open::Discard { .. }) => {
                    self.open.pop();
                }
                Some(Open::Prefix { .. }) => {
                    let Some(Open::Prefix { offset: begin, symbol }) = self.open.pop() else { unreachable!() };
                    value = self.list(vec![(begin, Value::Symbol(symbol)), (offset, value)], Value::Nil);
                    offset = begin;
                    continue;
                }
            }
            return Ok(None);
        }
    }
}

/// Whether the source is only the beginning of something: more text could make it right.
pub fn is_incomplete(source: &Source, symbols: &mut Interner) -> bool {
    let mut reader = Reader::new(source);
    loop {
        match reader.next_form(symbols) {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(error) => return error.incomplete,
        }
    }
}
