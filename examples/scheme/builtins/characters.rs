//! Characters.

use crate::{error::failed, value::Value};

use super::{
    Primitive,
    arguments::{char, int},
    at_least, exactly,
};

pub(super) const PRIMITIVES: &[Primitive] = &[
    at_least(1, "char=?", |_, a| super::strings::ordered(a, char, |a, b| a == b)),
    at_least(1, "char<?", |_, a| super::strings::ordered(a, char, |a, b| a < b)),
    at_least(1, "char>?", |_, a| super::strings::ordered(a, char, |a, b| a > b)),
    at_least(1, "char<=?", |_, a| super::strings::ordered(a, char, |a, b| a <= b)),
    at_least(1, "char>=?", |_, a| super::strings::ordered(a, char, |a, b| a >= b)),
    exactly(1, "char->integer", |_, a| Ok(Value::Int(i64::from(u32::from(char(&a[0])?))))),
    exactly(1, "integer->char", |_, a| {
        let code = int(&a[0])?;
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(char) => Ok(Value::Char(char)),
            None => failed(format!("{code} is not a character's number")),
        }
    }),
    exactly(1, "char-upcase", |_, a| Ok(Value::Char(single(char(&a[0])?, char::to_uppercase)))),
    exactly(1, "char-downcase", |_, a| Ok(Value::Char(single(char(&a[0])?, char::to_lowercase)))),
    exactly(1, "char-alphabetic?", |_, a| Ok(Value::Bool(char(&a[0])?.is_alphabetic()))),
    exactly(1, "char-numeric?", |_, a| Ok(Value::Bool(char(&a[0])?.is_numeric()))),
    exactly(1, "char-whitespace?", |_, a| Ok(Value::Bool(char(&a[0])?.is_whitespace()))),
    exactly(1, "char-upper-case?", |_, a| Ok(Value::Bool(char(&a[0])?.is_uppercase()))),
    exactly(1, "char-lower-case?", |_, a| Ok(Value::Bool(char(&a[0])?.is_lowercase()))),
    exactly(1, "digit-value", |_, a| {
        Ok(char(&a[0])?.to_digit(10).map_or(Value::Bool(false), |digit| Value::Int(i64::from(digit))))
    }),
];

/// The character in the other case, where that is a single one.
fn single<I: ExactSizeIterator<Item = char>>(char: char, convert: fn(char) -> I) -> char {
    let mut converted = convert(char);
    if converted.len() == 1 { converted.next().unwrap_or(char) } else { char }
}
