//! Kinds of values, and whether two are the same.

use crate::{equality, value::Value};

use super::{Primitive, exactly};

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(2, "eq?", |_, a| Ok(Value::Bool(equality::eqv(&a[0], &a[1])))),
    exactly(2, "eqv?", |_, a| Ok(Value::Bool(equality::eqv(&a[0], &a[1])))),
    exactly(2, "equal?", |_, a| Ok(Value::Bool(equality::equal(&a[0], &a[1])))),
    exactly(1, "not", |_, a| Ok(Value::Bool(!a[0].is_true()))),
    exactly(1, "null?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Nil)))),
    exactly(1, "pair?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Pair(_))))),
    exactly(1, "list?", |_, a| Ok(Value::Bool(a[0].list_length().is_some()))),
    exactly(1, "boolean?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Bool(_))))),
    exactly(1, "symbol?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Symbol(_))))),
    exactly(1, "string?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Text(_))))),
    exactly(1, "char?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Char(_))))),
    exactly(1, "vector?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Vector(_))))),
    exactly(1, "hash-table?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Table(_))))),
    exactly(1, "procedure?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Primitive(_) | Value::Closure(_))))),
    exactly(1, "number?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Int(_) | Value::Float(_))))),
    exactly(1, "real?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Int(_) | Value::Float(_))))),
    exactly(1, "integer?", |_, a| {
        Ok(Value::Bool(match a[0] {
            Value::Int(_) => true,
            Value::Float(float) => float.fract() == 0.0,
            _ => false,
        }))
    }),
];
