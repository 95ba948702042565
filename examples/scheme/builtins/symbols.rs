//! Symbols.

use crate::value::Value;

use super::{
    Primitive,
    arguments::{symbol, text},
    exactly,
};

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(1, "symbol->string", |_, a| Ok(Value::text(symbol(&a[0])?.shared_name()))),
    exactly(1, "string->symbol", |context, a| Ok(Value::Symbol(context.symbols.intern(text(&a[0])?.as_str())))),
    exactly(0, "gensym", |context, _| Ok(Value::Symbol(context.symbols.generate()))),
];
