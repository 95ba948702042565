//! Numbers.

use core::cmp::Ordering;

use crate::{
    context::Context,
    error::{Outcome, failed},
    number::{self, ADD, MAXIMUM, MINIMUM, MULTIPLY, Operation, SUBTRACT, compare, divide, float_to_int, to_float},
    value::Value,
};

use super::{
    Primitive,
    arguments::{int, radix, text},
    at_least, between, exactly,
};

pub(super) const PRIMITIVES: &[Primitive] = &[
    at_least(0, "+", |_, a| fold(&ADD, Value::Int(0), a)),
    at_least(0, "*", |_, a| fold(&MULTIPLY, Value::Int(1), a)),
    at_least(1, "-", |_, a| match a {
        [a] => SUBTRACT.apply(&Value::Int(0), a),
        [first, others @ ..] => fold(&SUBTRACT, first.clone(), others),
        [] => unreachable!("there is at least one argument"),
    }),
    at_least(1, "/", |_, a| match a {
        [a] => divide(&Value::Int(1), a),
        [first, others @ ..] => others.iter().try_fold(first.clone(), |a, b| divide(&a, b)),
        [] => unreachable!("there is at least one argument"),
    }),
    at_least(1, "max", |_, a| fold(&MAXIMUM, a[0].clone(), a)),
    at_least(1, "min", |_, a| fold(&MINIMUM, a[0].clone(), a)),
    at_least(1, "=", |_, a| ordered(a, Ordering::is_eq)),
    at_least(1, "<", |_, a| ordered(a, Ordering::is_lt)),
    at_least(1, ">", |_, a| ordered(a, Ordering::is_gt)),
    at_least(1, "<=", |_, a| ordered(a, Ordering::is_le)),
    at_least(1, ">=", |_, a| ordered(a, Ordering::is_ge)),
    exactly(1, "zero?", |_, a| sign(&a[0], Ordering::is_eq)),
    exactly(1, "positive?", |_, a| sign(&a[0], Ordering::is_gt)),
    exactly(1, "negative?", |_, a| sign(&a[0], Ordering::is_lt)),
    exactly(1, "even?", |_, a| Ok(Value::Bool(int(&a[0])? % 2 == 0))),
    exactly(1, "odd?", |_, a| Ok(Value::Bool(int(&a[0])? % 2 != 0))),
    exactly(2, "quotient", |_, a| integer_division(a, i64::checked_div)),
    exactly(2, "remainder", |_, a| integer_division(a, i64::checked_rem)),
    exactly(2, "modulo", |_, a| integer_division(a, floored_remainder)),
    exactly(2, "gcd", |_, a| gcd(int(&a[0])?, int(&a[1])?)),
    exactly(1, "abs", |_, a| match &a[0] {
        Value::Int(a) => a.checked_abs().map_or_else(number::overflow, |a| Ok(Value::Int(a))),
        other => to_float(other).map(|float| Value::Float(float.abs())),
    }),
    exactly(2, "expt", |_, a| number::power(&a[0], &a[1])),
    exactly(1, "exact?", |_, a| Ok(Value::Bool(is_exact(&a[0])?))),
    exactly(1, "inexact?", |_, a| Ok(Value::Bool(!is_exact(&a[0])?))),
    exactly(1, "exact->inexact", |_, a| to_float(&a[0]).map(Value::Float)),
    exactly(1, "inexact", |_, a| to_float(&a[0]).map(Value::Float)),
    exactly(1, "inexact->exact", exact),
    exactly(1, "exact", exact),
    exactly(1, "sqrt", square_root),
    exactly(1, "floor", |_, a| rounded(&a[0], f64::floor)),
    exactly(1, "ceiling", |_, a| rounded(&a[0], f64::ceil)),
    exactly(1, "truncate", |_, a| rounded(&a[0], f64::trunc)),
    exactly(1, "round", |_, a| rounded(&a[0], f64::round_ties_even)),
    exactly(1, "exp", |_, a| Ok(Value::Float(to_float(&a[0])?.exp()))),
    exactly(1, "sin", |_, a| Ok(Value::Float(to_float(&a[0])?.sin()))),
    exactly(1, "cos", |_, a| Ok(Value::Float(to_float(&a[0])?.cos()))),
    between(1, 2, "log", |_, a| match a {
        [a] => Ok(Value::Float(to_float(a)?.ln())),
        a => Ok(Value::Float(to_float(&a[0])?.log(to_float(&a[1])?))),
    }),
    between(1, 2, "atan", |_, a| match a {
        [a] => Ok(Value::Float(to_float(a)?.atan())),
        a => Ok(Value::Float(to_float(&a[0])?.atan2(to_float(&a[1])?))),
    }),
    between(1, 2, "number->string", |_, a| match (&a[0], radix(a.get(1))?) {
        (Value::Int(int), radix) => Ok(Value::text(number::show_int(*int, radix))),
        (other, 10) => Ok(Value::text(number::show_float(to_float(other)?))),
        (other, radix) => failed(format!("expected an integer in base {radix}, got {other:?}")),
    }),
    between(1, 2, "string->number", |_, a| {
        Ok(number::parse(text(&a[0])?.as_str(), radix(a.get(1))?).unwrap_or(Value::Bool(false)))
    }),
];

#[inline]
fn fold(operation: &Operation, first: Value, others: &[Value]) -> Outcome {
    others.iter().try_fold(first, |a, b| operation.apply(&a, b))
}

/// Whether each number stands in the relation to the next one.
#[inline]
fn ordered(numbers: &[Value], holds: fn(Ordering) -> bool) -> Outcome {
    if let [number] = numbers {
        to_float(number)?;
    }
    let mut all = true;
    for two in numbers.windows(2) {
        all &= compare(&two[0], &two[1])?.is_some_and(holds);
    }
    Ok(Value::Bool(all))
}

fn sign(number: &Value, holds: fn(Ordering) -> bool) -> Outcome {
    Ok(Value::Bool(compare(number, &Value::Int(0))?.is_some_and(holds)))
}

fn integer_division(a: &[Value], divide: fn(i64, i64) -> Option<i64>) -> Outcome {
    match (int(&a[0])?, int(&a[1])?) {
        (_, 0) => failed("division by zero"),
        (a, b) => divide(a, b).map_or_else(number::overflow, |int| Ok(Value::Int(int))),
    }
}

/// The remainder that has the sign of the divisor.
fn floored_remainder(a: i64, b: i64) -> Option<i64> {
    let remainder = a.checked_rem(b)?;
    Some(if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder })
}

fn gcd(a: i64, b: i64) -> Outcome {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).map_or_else(|_| number::overflow(), |gcd| Ok(Value::Int(gcd)))
}

fn is_exact(number: &Value) -> Outcome<bool> {
    to_float(number)?;
    Ok(matches!(number, Value::Int(_)))
}

fn exact(_: &mut Context, a: &[Value]) -> Outcome {
    match &a[0] {
        Value::Int(int) => Ok(Value::Int(*int)),
        other => match float_to_int(to_float(other)?) {
            Some(int) => Ok(Value::Int(int)),
            None => failed(format!("{other:?} is no integer of 64 bits")),
        },
    }
}

/// Exact for the squares of integers.
fn square_root(_: &mut Context, a: &[Value]) -> Outcome {
    let root = to_float(&a[0])?.sqrt();
    if let (Value::Int(square), Some(int)) = (&a[0], float_to_int(root))
        && int.checked_mul(int) == Some(*square)
    {
        return Ok(Value::Int(int));
    }
    Ok(Value::Float(root))
}

fn rounded(number: &Value, round: fn(f64) -> f64) -> Outcome {
    match number {
        Value::Int(int) => Ok(Value::Int(*int)),
        other => to_float(other).map(|float| Value::Float(round(float))),
    }
}
