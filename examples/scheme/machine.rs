//! The machine: runs code on a stack of its own.
//!
//! ```text
//!   stack    │ arguments, lets, waiting … │ arguments, lets … │ arguments, lets, waiting …
//!            └ caller's base              └ caller's base     └ running.base
//! ```
//!
//! A call pushes the running activation onto `callers`; a tail call replaces it, so a loop takes no room. No primitive
//! calls back into the machine (what takes procedures is written in Scheme, in the prelude), so Rust's own stack never
//! grows with the program's, and an error or a `guard` only has to cut two vectors.

use mudlark_gc::Gc;

use super::{
    builtins::{Action, Arity, Primitive},
    code::{Capture, Closure, Code, Op, Template},
    condition::Condition,
    context::Context,
    error::{Error, Fault, Outcome, failed},
    globals::{GlobalId, Globals},
    source::Position,
    value::{Place, Value},
};

/// How many calls may wait for others.
pub const MAX_DEPTH: usize = 1_000_000;

/// After so many calls the memory limit is looked at.
const CALLS_BETWEEN_CHECKS: u32 = 4096;

/// What runs programs.
#[derive(Debug)]
pub struct Machine {
    /// What primitives may use.
    pub context: Context,
    /// The global variables.
    pub globals: Globals,
    stack: Vec<Value>,
    running: Activation,
    callers: Vec<Activation>,
    handlers: Vec<Handler>,
    calls_until_check: u32,
}

/// A procedure that is running, or waits for one that it called.
#[derive(Debug)]
struct Activation {
    closure: Gc<Closure>,
    /// The operation that comes next.
    next: usize,
    /// Where its arguments begin on the stack.
    base: usize,
}

/// Where to go on when something is raised, and how much to keep of the stacks.
#[derive(Debug)]
struct Handler {
    callers: usize,
    height: usize,
    target: usize,
}

/// Why a program stopped before its end.
#[derive(Debug)]
pub enum Stop {
    /// An error that nobody caught.
    Error(Error),
    /// It asked to end with this status.
    Exit(u8),
}

/// Where the machine goes on after a call or a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// In the same procedure.
    Here,
    /// In the procedure that is running now.
    Elsewhere,
    /// Nowhere: the program's value is on the stack.
    Finished,
}

impl Activation {
    fn new(closure: Gc<Closure>, base: usize) -> Self {
        Self { closure, next: 0, base }
    }

    fn of_program(code: Gc<Code>) -> Self {
        Self::new(Gc::new(Closure { code, captured: Box::default() }), 0)
    }

    fn position(&self) -> Position {
        self.closure.code.position_before(self.next)
    }
}

impl Machine {
    /// A machine that has not run anything.
    pub fn new(context: Context, globals: Globals, nothing: Gc<Code>) -> Self {
        Self {
            context,
            globals,
            stack: Vec::new(),
            running: Activation::of_program(nothing),
            callers: Vec::new(),
            handlers: Vec::new(),
            calls_until_check: CALLS_BETWEEN_CHECKS,
        }
    }

    /// Runs the code of a form, and returns its value.
    pub fn run(&mut self, code: Gc<Code>) -> Result<Value, Stop> {
        self.running = Activation::of_program(code);
        let result = self.run_to_end();
        self.stack.clear();
        self.callers.clear();
        self.handlers.clear();
        result
    }

    fn run_to_end(&mut self) -> Result<Value, Stop> {
        loop {
            match self.run_procedure() {
                Ok(Flow::Finished) => return Ok(self.pop()),
                Ok(_) => {}
                Err(fault) => self.recover(*fault)?,
            }
        }
    }

    /// Runs the running procedure until another one is running.
    fn run_procedure(&mut self) -> Outcome<Flow> {
        let closure = self.running.closure.clone();
        let ops = &closure.code.ops[..];
        let mut next = self.running.next;
        loop {
            let op = ops[next];
            next += 1;
            self.running.next = next;
            let flow = match op {
                Op::Jump(target) => {
                    next = target as usize;
                    continue;
                }
                Op::JumpIfFalse(target) => {
                    if !self.pop().is_true() {
                        next = target as usize;
                    }
                    continue;
                }
                Op::JumpIfFalseElsePop(target) => {
                    self.jump_or_pop(false, target, &mut next);
                    continue;
                }
                Op::JumpIfTrueElsePop(target) => {
                    self.jump_or_pop(true, target, &mut next);
                    continue;
                }
                Op::Call(count) => {
                    let callee = self.pop();
                    self.call(callee, count as usize)?
                }
                Op::TailCall(count) => {
                    let callee = self.pop();
                    self.tail_call(callee, count as usize)?
                }
                Op::CallGlobal(global, count) => self.call(self.global(global)?, count as usize)?,
                Op::TailCallGlobal(global, count) => self.tail_call(self.global(global)?, count as usize)?,
                Op::Return => self.return_top(),
                other => {
                    self.move_value(other, &closure)?;
                    continue;
                }
            };
            if flow != Flow::Here {
                return Ok(flow);
            }
        }
    }

    /// Jumps if the top is true, or false, as `wanted` says, else pops it.
    fn jump_or_pop(&mut self, wanted: bool, target: u32, next: &mut usize) {
        if self.stack.last().is_some_and(|top| top.is_true() == wanted) {
            *next = target as usize;
        } else {
            self.pop();
        }
    }

    /// The operations that do not change what comes next.
    #[inline]
    fn move_value(&mut self, op: Op, closure: &Closure) -> Outcome<()> {
        let code = &*closure.code;
        match op {
            Op::Constant(index) => self.stack.push(code.constants[index as usize].clone()),
            Op::Local(slot) => self.stack.push(self.slot(slot).clone()),
            Op::LocalPlace(slot) => self.stack.push(place(self.slot(slot)).get()),
            Op::Captured(index) => self.stack.push(closure.captured[index as usize].clone()),
            Op::CapturedPlace(index) => self.stack.push(place(&closure.captured[index as usize]).get()),
            Op::Current => self.stack.push(Value::Closure(self.running.closure.clone())),
            Op::Global(global) => self.stack.push(self.global(global)?),
            Op::CheckDefined(name) => self.check_defined(&code.constants[name as usize])?,
            Op::SetLocal(slot) => *self.slot_mut(slot) = self.pop(),
            Op::SetLocalPlace(slot) => place(self.slot(slot)).clone().set(self.pop()),
            Op::SetCapturedPlace(index) => place(&closure.captured[index as usize]).set(self.pop()),
            Op::SetGlobal(global) => self.set_global(global)?,
            Op::DefineGlobal(global) => self.define_global(global),
            Op::MakePlace(slot) => self.make_place(slot),
            Op::Pop => drop(self.pop()),
            Op::Slide(count) => self.slide(count as usize),
            Op::Closure(template) => self.make_closure(&code.templates[template as usize], closure),
            Op::PushHandler(target) => self.push_handler(target as usize),
            Op::PopHandler => drop(self.handlers.pop()),
            other => unreachable!("{other:?} changes what comes next"),
        }
        Ok(())
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("compiled code pops what it pushed")
    }

    fn slot(&self, slot: u32) -> &Value {
        &self.stack[self.running.base + slot as usize]
    }

    fn slot_mut(&mut self, slot: u32) -> &mut Value {
        &mut self.stack[self.running.base + slot as usize]
    }

    fn global(&self, global: GlobalId) -> Outcome {
        match self.globals.get(global) {
            Some(value) => Ok(value.clone()),
            None => failed(format!("{}: unbound variable", self.globals.name(global))),
        }
    }

    fn set_global(&mut self, global: GlobalId) -> Outcome<()> {
        self.global(global)?;
        let value = self.pop();
        self.globals.set(global, value);
        Ok(())
    }

    fn define_global(&mut self, global: GlobalId) {
        let value = self.pop();
        self.globals.set(global, value);
    }

    fn check_defined(&self, name: &Value) -> Outcome<()> {
        match self.stack.last() {
            Some(Value::Undefined) => failed(format!("{name:?}: used before its definition")),
            _ => Ok(()),
        }
    }

    fn make_place(&mut self, slot: u32) {
        let value = core::mem::take(self.slot_mut(slot));
        *self.slot_mut(slot) = Value::Place(Gc::new(Place::new(value)));
    }

    fn slide(&mut self, count: usize) {
        let top = self.pop();
        self.stack.truncate(self.stack.len() - count);
        self.stack.push(top);
    }

    fn make_closure(&mut self, template: &Template, maker: &Closure) {
        let capture = |capture: &Capture| match capture {
            Capture::Local(slot) => self.slot(*slot).clone(),
            Capture::Captured(index) => maker.captured[*index as usize].clone(),
            Capture::Current => Value::Closure(self.running.closure.clone()),
        };
        let captured = template.captures.iter().map(capture).collect();
        self.stack.push(Value::Closure(Gc::new(Closure { code: template.code.clone(), captured })));
    }

    /// Calls `callee` with the top `count` values.
    #[inline]
    fn call(&mut self, callee: Value, count: usize) -> Outcome<Flow> {
        match callee {
            Value::Primitive(primitive) => match primitive.action {
                Action::Run(_) => self.run_primitive(primitive, count).map(|()| Flow::Here),
                Action::Apply => {
                    let (callee, count) = self.spread(count)?;
                    self.call_spread(callee, count, Self::call)
                }
            },
            Value::Closure(closure) => self.enter(closure, count),
            other => not_a_procedure(&other),
        }
    }

    /// Calls `callee` with the top `count` values, and returns what it returns.
    #[inline]
    fn tail_call(&mut self, callee: Value, count: usize) -> Outcome<Flow> {
        match callee {
            Value::Primitive(primitive) => match primitive.action {
                Action::Run(_) => {
                    self.run_primitive(primitive, count)?;
                    Ok(self.return_top())
                }
                Action::Apply => {
                    let (callee, count) = self.spread(count)?;
                    self.call_spread(callee, count, Self::tail_call)
                }
            },
            Value::Closure(closure) => self.replace(closure, count),
            other => not_a_procedure(&other),
        }
    }

    /// Calls what `apply` was asked to call. Applying `apply` itself any number of times is a loop.
    fn call_spread(
        &mut self,
        mut callee: Value,
        mut count: usize,
        call: fn(&mut Self, Value, usize) -> Outcome<Flow>,
    ) -> Outcome<Flow> {
        while matches!(callee, Value::Primitive(Primitive { action: Action::Apply, .. })) {
            (callee, count) = self.spread(count)?;
        }
        call(self, callee, count)
    }

    /// The arguments of `apply` on the stack become those of the procedure that is to be applied.
    fn spread(&mut self, count: usize) -> Outcome<(Value, usize)> {
        Arity::at_least(2).check(count).map_err(|fault| named("apply", fault))?;
        let first = self.stack.len() - count;
        let list = self.pop();
        let Some(length) = list.list_length() else {
            return failed(format!("apply: expected a list as the last argument, got {list:?}"));
        };
        self.context.memory.reserve_many(length, size_of::<Value>())?;
        let callee = self.stack.remove(first);
        self.stack.extend(list.links().map(|link| link.car.get()));
        Ok((callee, count - 2 + length))
    }

    #[inline]
    fn run_primitive(&mut self, primitive: &Primitive, count: usize) -> Outcome<()> {
        let Action::Run(run) = primitive.action else { unreachable!("apply is not run") };
        primitive.arity.check(count).map_err(|fault| named(primitive.name, fault))?;
        let first = self.stack.len() - count;
        let value = run(&mut self.context, &self.stack[first..]).map_err(|fault| named(primitive.name, fault))?;
        self.stack.truncate(first);
        self.stack.push(value);
        Ok(())
    }

    /// The running procedure waits, and the closure runs.
    fn enter(&mut self, closure: Gc<Closure>, count: usize) -> Outcome<Flow> {
        if self.callers.len() >= MAX_DEPTH {
            let message = format!("recursion too deep: more than {MAX_DEPTH} calls wait for each other");
            return Err(Box::new(Fault::Limit(message)));
        }
        let activation = self.activation(closure, count)?;
        self.callers.push(core::mem::replace(&mut self.running, activation));
        Ok(Flow::Elsewhere)
    }

    /// The closure runs in place of the running procedure.
    fn replace(&mut self, closure: Gc<Closure>, count: usize) -> Outcome<Flow> {
        let mut activation = self.activation(closure, count)?;
        self.stack.drain(self.running.base..activation.base);
        activation.base = self.running.base;
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
    fn return_top(&mut self) -> Flow {
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

    fn push_handler(&mut self, target: usize) {
        self.handlers.push(Handler { callers: self.callers.len(), height: self.stack.len(), target });
    }

    /// Goes on in the innermost handler, if the fault can be caught and there is one.
    fn recover(&mut self, fault: Fault) -> Result<(), Stop> {
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
        let activations = core::iter::once(&self.running).chain(self.callers.iter().rev());
        activations.map(Activation::position).find(|position| !position.source.hidden)
    }
}

/// The place that a slot or a capture of a shared variable is.
fn place(value: &Value) -> &Gc<Place> {
    match value {
        Value::Place(place) => place,
        other => unreachable!("a shared variable is a place, not {other:?}"),
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

/// The error for a value that was raised and not caught.
fn uncaught(value: &Value, position: Option<Position>) -> Error {
    match value {
        Value::Condition(condition) => {
            Error { position: condition.origin.get().cloned().or(position), message: condition.report() }
        }
        other => Error { position, message: format!("raised and not caught: {other:?}") },
    }
}
