//! What happens when something is raised or a primitive fails.

use core::iter;

use mudlark_gc::Gc;

use crate::{
    condition::Condition,
    error::{Error, Fault},
    source::Position,
    value::Value,
};

use super::{Activation, Machine, Stop};

/// Where to go on when something is raised, and how much to keep of the stacks.
#[derive(Debug)]
pub(super) struct Handler {
    callers: usize,
    height: usize,
    target: usize,
}

impl Machine {
    pub(super) fn push_handler(&mut self, target: usize) {
        self.handlers.push(Handler { callers: self.callers.len(), height: self.stack.len(), target });
    }

    /// Goes on in the innermost handler, if the fault can be caught and there is one.
    pub(super) fn recover(&mut self, fault: Fault) -> Result<(), Stop> {
        let position = self.position();
        let value = match fault {
            Fault::Exit(status) => return Err(Stop::Exit(status)),
            Fault::Limit(message) => return Err(Stop::Error(Error { position, message })),
            Fault::Failed(message) => Value::Condition(Gc::new(Condition::new(Value::text(message), Value::Nil))),
            Fault::Raised(value) => value,
        };
        if let (Value::Condition(condition), Some(position)) = (&value, position.clone()) {
            condition.origin.get_or_init(|| position);
        }
        let Some(handler) = self.handlers.pop() else { return Err(Stop::Error(uncaught(&value, position))) };
        if let Some(activation) = self.callers.drain(handler.callers..).next() {
            self.running = activation;
        }
        self.stack.truncate(handler.height);
        self.stack.push(value);
        self.running.next = handler.target;
        Ok(())
    }

    /// Where the machine is, as far as the program's own text goes.
    fn position(&self) -> Option<Position> {
        let activations = iter::once(&self.running).chain(self.callers.iter().rev());
        activations.map(Activation::position).find(|position| !position.source.hidden)
    }
}

/// The error for a value that was raised and not caught.
fn uncaught(value: &Value, position: Option<Position>) -> Error {
    match value {
        Value::Condition(condition) => {
            Error { position: condition.origin.get().cloned().or(position), message: condition.report() }
        }
        other => Error { position, message: format!("raised and not caught: {other:?}") },
    }
}
