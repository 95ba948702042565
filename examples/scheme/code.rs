//! Code: what a procedure is compiled to, and the closures that are made of it.

use std::rc::Rc;

use mudlark_gc::{Gc, Trace};

use super::{
    globals::GlobalId,
    source::{Offset, Position, Source},
    value::Value,
};

/// One operation of the machine. Slots count from the first argument of the running procedure.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Pushes a constant.
    Constant(u32),
    /// Pushes what is in a slot.
    Local(u32),
    /// Pushes what the place in a slot holds.
    LocalPlace(u32),
    /// Pushes a captured value.
    Captured(u32),
    /// Pushes what a captured place holds.
    CapturedPlace(u32),
    /// Pushes the running closure itself.
    Current,
    /// Pushes the value of a global variable.
    Global(GlobalId),
    /// Fails if the top is no value yet: the variable whose name is that constant was used before its definition.
    CheckDefined(u32),
    /// Pops into a slot.
    SetLocal(u32),
    /// Pops into the place in a slot.
    SetLocalPlace(u32),
    /// Pops into a captured place.
    SetCapturedPlace(u32),
    /// Pops into a global variable that has a value.
    SetGlobal(GlobalId),
    /// Pops into a global variable.
    DefineGlobal(GlobalId),
    /// Replaces the value in a slot by a new place that holds it.
    MakePlace(u32),
    /// Drops the top.
    Pop,
    /// Drops so many values below the top.
    Slide(u32),
    /// Goes on at that operation.
    Jump(u32),
    /// Pops; goes on there if it was false.
    JumpIfFalse(u32),
    /// Goes on there if the top is false, else pops it.
    JumpIfFalseElsePop(u32),
    /// Goes on there if the top is true, else pops it.
    JumpIfTrueElsePop(u32),
    /// Pushes a closure of that template.
    Closure(u32),
    /// Pops a procedure and calls it with so many values from the top.
    Call(u32),
    /// The same as the last thing the running procedure does.
    TailCall(u32),
    /// Calls the value of a global variable.
    CallGlobal(GlobalId, u32),
    /// The same as the last thing the running procedure does.
    TailCallGlobal(GlobalId, u32),
    /// Returns the top.
    Return,
    /// From here on, what is raised is pushed, and the machine goes on at that operation.
    PushHandler(u32),
    /// The innermost handler ends.
    PopHandler,
}

/// A compiled procedure.
#[derive(Debug, Trace)]
pub struct Code {
    /// What it is called in messages.
    #[trace(skip)]
    pub name: Rc<str>,
    /// How many arguments it needs.
    pub required: usize,
    /// Whether it takes more, in a list.
    pub rest: bool,
    /// What it does.
    #[trace(skip)]
    pub ops: Box<[Op]>,
    /// Where each operation comes from.
    #[trace(skip)]
    pub offsets: Box<[Offset]>,
    /// The text it comes from.
    #[trace(skip)]
    pub source: Rc<Source>,
    /// The constants it mentions.
    pub constants: Vec<Value>,
    /// The closures it makes.
    pub templates: Vec<Template>,
}

impl Code {
    /// Where the operation before `next` comes from.
    pub fn position_before(&self, next: usize) -> Position {
        let offset = self.offsets.get(next.saturating_sub(1)).copied().unwrap_or_default();
        Position { source: self.source.clone(), offset }
    }
}

/// What a closure is made from.
#[derive(Debug, Trace)]
pub struct Template {
    /// What it does.
    pub code: Gc<Code>,
    /// What it takes along.
    #[trace(skip)]
    pub captures: Box<[Capture]>,
}

/// Something a closure takes along from the procedure that makes it.
#[derive(Clone, Copy, Debug)]
pub enum Capture {
    /// What is in a slot.
    Local(u32),
    /// What that procedure captured itself.
    Captured(u32),
    /// That procedure itself.
    Current,
}

/// A procedure written in Scheme: code, and what it captured.
#[derive(Debug, Trace)]
pub struct Closure {
    /// What it does.
    pub code: Gc<Code>,
    /// The captured values; shared variables are [`Value::Place`]s.
    pub captured: Box<[Value]>,
}
