//! Numbers: how they are read and shown, and their arithmetic.
//!
//! There are two kinds: integers of 64 bits, which are exact, and floats, which are not. An integer result that does
//! not fit is an error rather than a float that is nearly right: exactness is never lost unasked. A division of
//! integers that does not come out even is a float.
//!
//! The failures here do not say which procedure failed: the machine adds its name.

use core::cmp::Ordering;

use super::{
    error::{Outcome, failed},
    value::Value,
};

/// Reads a number in that radix; floats are decimal only.
pub fn parse(text: &str, radix: u32) -> Option<Value> {
    if let Ok(int) = i64::from_str_radix(text, radix) {
        return Some(Value::Int(int));
    }
    match text {
        "+inf.0" => Some(Value::Float(f64::INFINITY)),
        "-inf.0" => Some(Value::Float(f64::NEG_INFINITY)),
        "+nan.0" => Some(Value::Float(f64::NAN)),
        _ if radix == 10 && is_float(text) => text.parse().ok().map(Value::Float),
        _ => None,
    }
}

/// Whether the text is nothing but a sign and digits, so that it can only be meant as an integer.
pub fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text is made of what a float is made of, which leaves out Rust's own «inf» and «nan».
fn is_float(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.contains(['.', 'e', 'E'])
        && text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
}

/// A float as it is read: always with a point or an exponent.
pub fn show_float(float: f64) -> String {
    if float.is_nan() {
        "+nan.0".into()
    } else if float.is_infinite() {
        if float > 0.0 { "+inf.0".into() } else { "-inf.0".into() }
    } else {
        format!("{float:?}")
    }
}

/// An integer in that radix.
pub fn show_int(int: i64, radix: u32) -> String {
    let mut digits = Vec::new();
    let mut rest = int.unsigned_abs();
    loop {
        let digit = u32::try_from(rest % u64::from(radix)).expect("a digit is less than the radix");
        digits.extend(char::from_digit(digit, radix));
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if int < 0 {
        digits.push('-');
    }
    digits.into_iter().rev().collect()
}

/// Two numbers of the same kind.
enum Both {
    Ints(i64, i64),
    Floats(f64, f64),
}

/// The two numbers, as floats when one of them is a float.
fn unify(a: &Value, b: &Value) -> Outcome<Both> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Both::Ints(*a, *b)),
        _ => Ok(Both::Floats(to_float(a)?, to_float(b)?)),
    }
}

/// The number as a float.
pub fn to_float(value: &Value) -> Outcome<f64> {
    match value {
        Value::Int(int) => Ok(int_to_float(*int)),
        Value::Float(float) => Ok(*float),
        other => failed(format!("expected a number, got {other:?}")),
    }
}

/// The float that is nearest to the integer.
pub fn int_to_float(int: i64) -> f64 {
    int as f64
}

/// The float as an integer, if it is one and fits.
pub fn float_to_int(float: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    ((-LIMIT..LIMIT).contains(&float) && float.fract() == 0.0).then_some(float as i64)
}

/// An operation on two numbers.
#[derive(Debug)]
pub struct Operation {
    ints: fn(i64, i64) -> Option<i64>,
    floats: fn(f64, f64) -> f64,
}

/// `a + b`
pub const ADD: Operation = Operation { ints: i64::checked_add, floats: |a, b| a + b };
/// `a - b`
pub const SUBTRACT: Operation = Operation { ints: i64::checked_sub, floats: |a, b| a - b };
/// `a * b`
pub const MULTIPLY: Operation = Operation { ints: i64::checked_mul, floats: |a, b| a * b };
/// `max`; inexact when one of them is.
pub const MAXIMUM: Operation = Operation { ints: |a, b| Some(a.max(b)), floats: f64::max };
/// `min`; inexact when one of them is.
pub const MINIMUM: Operation = Operation { ints: |a, b| Some(a.min(b)), floats: f64::min };

impl Operation {
    /// The operation's result.
    #[inline]
    pub fn apply(&self, a: &Value, b: &Value) -> Outcome {
        match unify(a, b)? {
            Both::Ints(a, b) => match (self.ints)(a, b) {
                Some(int) => Ok(Value::Int(int)),
                None => overflow(),
            },
            Both::Floats(a, b) => Ok(Value::Float((self.floats)(a, b))),
        }
    }
}

/// The failure of an integer operation whose result does not fit.
pub fn overflow<T>() -> Outcome<T> {
    failed("the result does not fit in an integer of 64 bits (exact->inexact gives a float)")
}

/// `a / b`: an integer when it comes out even, else a float.
pub fn divide(a: &Value, b: &Value) -> Outcome {
    match unify(a, b)? {
        Both::Ints(_, 0) => failed("division by zero"),
        Both::Ints(a, b) => match a.checked_rem(b) {
            Some(0) => Ok(Value::Int(a / b)),
            None => overflow(),
            Some(_) => Ok(Value::Float(int_to_float(a) / int_to_float(b))),
        },
        Both::Floats(a, b) => Ok(Value::Float(a / b)),
    }
}

/// How two numbers compare; `None` when one of them is the float that is not a number.
#[inline]
pub fn compare(a: &Value, b: &Value) -> Outcome<Option<Ordering>> {
    Ok(match unify(a, b)? {
        Both::Ints(a, b) => Some(a.cmp(&b)),
        Both::Floats(a, b) => a.partial_cmp(&b),
    })
}

/// `base` to the power of `exponent`: exact when both are and the exponent is not negative.
pub fn power(base: &Value, exponent: &Value) -> Outcome {
    match unify(base, exponent)? {
        Both::Ints(base, exponent) if exponent >= 0 => match (base, u32::try_from(exponent)) {
            (0 | 1, _) => Ok(Value::Int(if exponent == 0 { 1 } else { base })),
            (-1, _) => Ok(Value::Int(if exponent % 2 == 0 { 1 } else { -1 })),
            (_, Ok(exponent)) => base.checked_pow(exponent).map_or_else(overflow, |int| Ok(Value::Int(int))),
            (_, Err(_)) => overflow(),
        },
        _ => Ok(Value::Float(to_float(base)?.powf(to_float(exponent)?))),
    }
}
