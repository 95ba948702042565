//! Errors, and what the machine does itself.

use mudlark_gc::Gc;

use crate::{
    condition::Condition,
    error::{Fault, Outcome, failed},
    value::Value,
};

use super::{Action, Arity, Primitive, arguments::int, at_least, between, exactly};

pub(super) const PRIMITIVES: &[Primitive] = &[
    Primitive { name: "apply", arity: Arity::at_least(2), action: Action::Apply },
    at_least(1, "error", |_, a| {
        let condition = Condition::new(a[0].clone(), Value::list(a[1..].iter().cloned()));
        raise(Value::Condition(Gc::new(condition)))
    }),
    exactly(1, "raise", |_, a| raise(a[0].clone())),
    between(1, 2, "assert", |_, a| match a {
        [truth, ..] if truth.is_true() => Ok(Value::Unspecified),
        [_, message] => failed(format!("failed: {message:?}")),
        _ => failed("failed"),
    }),
    exactly(1, "error?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Condition(_))))),
    exactly(1, "error-object?", |_, a| Ok(Value::Bool(matches!(a[0], Value::Condition(_))))),
    exactly(1, "error-object-message", |_, a| condition(&a[0]).map(|condition| condition.message.clone())),
    exactly(1, "error-object-irritants", |_, a| condition(&a[0]).map(|condition| condition.irritants.clone())),
    exactly(1, "condition/report-string", |_, a| condition(&a[0]).map(|condition| Value::text(condition.report()))),
    between(0, 1, "exit", |_, a| {
        let status = match a {
            [] | [Value::Bool(true)] => 0,
            [Value::Bool(false)] => 1,
            a => u8::try_from(int(&a[0])?).or_else(|_| failed("expected a status from 0 to 255"))?,
        };
        Err(Box::new(Fault::Exit(status)))
    }),
    between(0, 0, "void", |_, _| Ok(Value::Unspecified)),
];

fn raise(value: Value) -> Outcome {
    Err(Box::new(Fault::Raised(value)))
}

fn condition(value: &Value) -> Outcome<&Condition> {
    match value {
        Value::Condition(condition) => Ok(condition),
        other => failed(format!("expected an error, got {other:?}")),
    }
}
