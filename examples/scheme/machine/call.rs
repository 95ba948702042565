//! Calls and returns.

use core::mem;

use mudlark_gc::Gc;

use crate::{
    builtins::{Action, Arity, Primitive},
    code::{Closure, Code},
    error::{Fault, Outcome, failed},
    globals::GlobalId,
    value::Value,
};

use super::{Activation, CALLS_BETWEEN_CHECKS, Flow, MAX_DEPTH, Machine};

impl Machine {
    /// Calls `callee` with the top `count` values.
    #[inline]
    pub(super) fn call(&mut self, callee: Value, count: usize) -> Outcome<Flow> {
        match callee {
            Value::Primitive(Primitive { action: Action::Apply, .. }) => {
                let (callee, count) = self.spread(count)?;
                self.call(callee, count)
            }
            Value::Primitive(primitive) => self.run_primitive(primitive, count).map(|()| Flow::Here),
            Value::Closure(closure) => self.enter(closure, count),
            other => not_a_procedure(&other),
        }
    }

    /// Calls a global procedure with the top `count` values.
    #[inline]
    pub(super) fn call_global(&mut self, global: GlobalId, count: usize) -> Outcome<Flow> {
        match self.globals.get(global) {
            Some(&Value::Primitive(primitive)) if matches!(primitive.action, Action::Run(_)) => {
                self.run_primitive(primitive, count).map(|()| Flow::Here)
            }
            _ => self.call(self.global(global)?, count),
        }
    }

    /// Calls `callee` with the top `count` values, and returns what it returns.
    #[inline]
    pub(super) fn tail_call(&mut self, callee: Value, count: usize) -> Outcome<Flow> {
        match callee {
            Value::Primitive(Primitive { action: Action::Apply, .. }) => {
                let (callee, count) = self.spread(count)?;
                self.tail_call(callee, count)
            }
            Value::Primitive(primitive) => self.run_primitive(primitive, count).map(|()| self.return_top()),
            Value::Closure(closure) => self.replace(closure, count),
            other => not_a_procedure(&other),
        }
    }

    /// The arguments of `apply` on the stack become those of the procedure that is to be applied; it and their number
    /// are returned. It is not `apply` again: that is spread as well.
    fn spread(&mut self, mut count: usize) -> Outcome<(Value, usize)> {
        loop {
            Arity::at_least(2).check(count).map_err(|fault| named("apply", fault))?;
            let first = self.stack.len() - count;
            let list = self.pop();
            let Some(length) = list.list_length() else {
                return failed(format!("apply: expected a list as the last argument, got {list:?}"));
            };
            self.context.memory.reserve_many(length, size_of::<Value>())?;
            let callee = self.stack.remove(first);
            self.stack.extend(list.links().map(|link| link.car.get()));
            count = count - 2 + length;
            if !matches!(callee, Value::Primitive(Primitive { action: Action::Apply, .. })) {
                return Ok((callee, count));
            }
        }
    }

    #[inline]
    fn run_primitive(&mut self, primitive: &Primitive, count: usize) -> Outcome<()> {
        let Action::Run(run) = primitive.action else { unreachable!("apply is not run") };
        primitive.arity.check(count).map_err(|fault| named(primitive.name, fault))?;
        let first = self.stack.len() - count;
        let value = run(&mut self.context, &self.stack[first..]).map_err(|fault| named(primitive.name, fault))?;
        match self.stack.get_mut(first) {
            Some(argument) => {
                *argument = value;
                self.stack.truncate(first + 1);
            }
            None => self.stack.push(value),
        }
        Ok(())
    }

    /// The running procedure waits, and the closure runs.
    fn enter(&mut self, closure: Gc<Closure>, count: usize) -> Outcome<Flow> {
        if self.callers.len() >= MAX_DEPTH {
            let message = format!("recursion too deep: more than {MAX_DEPTH} calls wait for each other");
            return Err(Box::new(Fault::Limit(message)));
        }
        let activation = self.activation(closure, count)?;
        self.callers.push(mem::replace(&mut self.running, activation));
        Ok(Flow::Elsewhere)
    }

    /// The closure runs in place of the running procedure.
    fn replace(&mut self, closure: Gc<Closure>, count: usize) -> Outcome<Flow> {
        let mut activation = self.activation(closure, count)?;
        let (old, new) = (self.running.base, activation.base);
        let arguments = self.stack.len() - new;
        // What is in the way goes up, and off.
        (0..arguments).for_each(|index| self.stack.swap(old + index, new + index));
        self.stack.truncate(old + arguments);
        activation.base = old;
        self.running = activation;
        Ok(Flow::Elsewhere)
    }

    /// An activation of the closure with the top `count` values.
    fn activation(&mut self, closure: Gc<Closure>, count: usize) -> Outcome<Activation> {
        self.calls_until_check -= 1;
        if self.calls_until_check == 0 {
            self.calls_until_check = CALLS_BETWEEN_CHECKS;
            self.context.memory.check(0)?;
        }
        let base = self.stack.len() - count;
        if closure.code.rest || count != closure.code.required {
            self.fit_arguments(&closure.code, count)?;
        }
        Ok(Activation::new(closure, base))
    }

    /// Makes a list of the arguments that the code takes in a list; fails if there are too many or too few.
    fn fit_arguments(&mut self, code: &Code, count: usize) -> Outcome<()> {
        let required = code.required;
        let arity = if code.rest { Arity::at_least(required) } else { Arity::exactly(required) };
        arity.check(count).map_err(|fault| named(&code.name, fault))?;
        let rest = Value::list(self.stack.drain(self.stack.len() - (count - required)..));
        self.stack.push(rest);
        Ok(())
    }

    /// The running procedure ends with the value at the top.
    pub(super) fn return_top(&mut self) -> Flow {
        let top = self.pop();
        self.stack.truncate(self.running.base);
        self.stack.push(top);
        match self.callers.pop() {
            Some(caller) => {
                self.running = caller;
                Flow::Elsewhere
            }
            None => Flow::Finished,
        }
    }
}

/// Puts the procedure's name before the message of its failure.
#[cold]
fn named(name: &str, mut fault: Box<Fault>) -> Box<Fault> {
    if let Fault::Failed(message) = &mut *fault {
        message.insert_str(0, ": ");
        message.insert_str(0, name);
    }
    fault
}

fn not_a_procedure<T>(value: &Value) -> Outcome<T> {
    failed(format!("expected a procedure to call, got {value:?}"))
}
