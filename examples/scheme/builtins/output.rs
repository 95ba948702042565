//! Output.

use std::io;

use crate::{
    context::Context,
    error::{Fault, Outcome, failed},
    printer::{self, Style},
    value::Value,
};

use super::{Primitive, between, exactly};

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(1, "display", |context, a| print(context, &a[0], Style::Display)),
    exactly(1, "write", |context, a| print(context, &a[0], Style::Write)),
    between(0, 0, "newline", |context, _| put(context, "\n")),
];

/// The value as text, which must fit into the memory that is left.
pub(super) fn show(context: &Context, value: &Value, style: Style) -> Outcome<String> {
    // A string grows by doubling, so that the old and the new one exist together.
    let limit = context.memory.left() / 3;
    printer::show(value, style, limit).or_else(|_| context.memory.exhausted(limit))
}

fn print(context: &mut Context, value: &Value, style: Style) -> Outcome {
    match value {
        // The commonest case, without a copy.
        Value::Text(text) if style == Style::Display => put(context, text.as_str()),
        value => {
            let text = show(context, value, style)?;
            put(context, &text)
        }
    }
}

fn put(context: &mut Context, text: &str) -> Outcome {
    match context.out.write_all(text.as_bytes()) {
        Ok(()) => Ok(Value::Unspecified),
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Box::new(Fault::Exit(0))),
        Err(error) => failed(format!("cannot write: {error}")),
    }
}
