//! What primitives expect of their arguments.

use core::ops::Range;

use mudlark_gc::Gc;

use crate::{
    error::{Outcome, failed},
    interner::Symbol,
    table::Table,
    value::{Pair, Text, Value, Vector},
};

/// The failure for an argument of the wrong kind.
#[cold]
fn expected<T>(what: &str, value: &Value) -> Outcome<T> {
    failed(format!("expected {what}, got {value:?}"))
}

/// An integer; a float will do if it is one.
pub fn int(value: &Value) -> Outcome<i64> {
    match value {
        Value::Int(int) => Ok(*int),
        other => expected("an integer", other),
    }
}

/// An integer that is not negative.
pub fn count(value: &Value) -> Outcome<usize> {
    match value {
        Value::Int(int) => usize::try_from(*int).or_else(|_| expected("an integer that is not negative", value)),
        other => expected("an integer that is not negative", other),
    }
}

/// The base of a number system; ten when it is not given.
pub fn radix(value: Option<&Value>) -> Outcome<u32> {
    match value {
        None => Ok(10),
        Some(Value::Int(radix @ 2..=36)) => Ok(u32::try_from(*radix).expect("it is 2 to 36")),
        Some(other) => expected("a base from 2 to 36", other),
    }
}

/// A character.
pub fn char(value: &Value) -> Outcome<char> {
    match value {
        Value::Char(char) => Ok(*char),
        other => expected("a character", other),
    }
}

/// A symbol.
pub fn symbol(value: &Value) -> Outcome<&Symbol> {
    match value {
        Value::Symbol(symbol) => Ok(symbol),
        other => expected("a symbol", other),
    }
}

/// A string.
pub fn text(value: &Value) -> Outcome<&Text> {
    match value {
        Value::Text(text) => Ok(text),
        other => expected("a string", other),
    }
}

/// A pair.
#[inline]
pub fn pair(value: &Value) -> Outcome<&Gc<Pair>> {
    match value {
        Value::Pair(pair) => Ok(pair),
        other => expected("a pair", other),
    }
}

/// A vector.
pub fn vector(value: &Value) -> Outcome<&Vector> {
    match value {
        Value::Vector(vector) => Ok(vector),
        other => expected("a vector", other),
    }
}

/// A hash table.
pub fn table(value: &Value) -> Outcome<&Table> {
    match value {
        Value::Table(table) => Ok(table),
        other => expected("a hash table", other),
    }
}

/// The items of a proper list.
pub fn items(value: &Value) -> Outcome<Vec<Value>> {
    value.items().map_or_else(|| expected("a list", value), Ok)
}

/// An index below `length`.
pub fn index(value: &Value, length: usize) -> Outcome<usize> {
    match count(value)? {
        index if index < length => Ok(index),
        index => failed(format!("the index {index} is out of range: the length is {length}")),
    }
}

/// A range given by a start and, maybe, an end, within `length`.
pub fn range(start: Option<&Value>, end: Option<&Value>, length: usize) -> Outcome<Range<usize>> {
    let start = start.map_or(Ok(0), count)?;
    let end = end.map_or(Ok(length), count)?;
    if start <= end && end <= length {
        return Ok(start..end);
    }
    failed(format!("the range {start} to {end} is out of range: the length is {length}"))
}
