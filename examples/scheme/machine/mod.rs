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

mod call;
mod recover;

use core::mem;

use mudlark_gc::Gc;

use crate::{
    code::{Capture, Closure, Code, Op, Template},
    context::Context,
    error::{Error, Outcome, failed},
    globals::{GlobalId, Globals},
    source::Position,
    value::{Place, Value},
};

use recover::Handler;

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
            match op {
                Op::Jump(target) => next = target as usize,
                Op::JumpIfFalse(target) => {
                    if !self.pop().is_true() {
                        next = target as usize;
                    }
                }
                Op::JumpIfFalseElsePop(target) => self.jump_or_pop(false, target, &mut next),
                Op::JumpIfTrueElsePop(target) => self.jump_or_pop(true, target, &mut next),
                Op::Call(_) | Op::TailCall(_) | Op::CallGlobal(..) | Op::TailCallGlobal(..) | Op::Return => {
                    let flow = self.transfer(op)?;
                    if flow != Flow::Here {
                        return Ok(flow);
                    }
                }
                other => self.move_value(other, &closure)?,
            }
        }
    }

    /// The operations after which another procedure may be running.
    #[inline]
    fn transfer(&mut self, op: Op) -> Outcome<Flow> {
        match op {
            Op::Call(count) => {
                let callee = self.pop();
                self.call(callee, count as usize)
            }
            Op::TailCall(count) => {
                let callee = self.pop();
                self.tail_call(callee, count as usize)
            }
            Op::CallGlobal(global, count) => self.call_global(global, count as usize),
            Op::TailCallGlobal(global, count) => self.tail_call(self.global(global)?, count as usize),
            Op::Return => Ok(self.return_top()),
            other => unreachable!("{other:?} stays in its procedure"),
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
        let value = mem::take(self.slot_mut(slot));
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
}

/// The place that a slot or a capture of a shared variable is.
fn place(value: &Value) -> &Gc<Place> {
    match value {
        Value::Place(place) => place,
        other => unreachable!("a shared variable is a place, not {other:?}"),
    }
}
