//! The few kinds of expressions that are left when all forms have been expanded.

use std::rc::Rc;

use crate::{globals::GlobalId, source::Offset, value::Value};

use super::scope::Variable;

/// An expression, and where it stood.
#[derive(Debug)]
pub struct Node {
    /// Where it stood.
    pub offset: Offset,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum NodeKind {
    /// This value.
    Constant(Value),
    /// The value of a local variable.
    Local(Rc<Variable>),
    /// The value of a global variable.
    Global(GlobalId),
    /// `set!` of a local variable.
    SetLocal(Rc<Variable>, Box<Node>),
    /// `set!` of a global variable.
    SetGlobal(GlobalId, Box<Node>),
    /// `define` at the top level.
    DefineGlobal(GlobalId, Box<Node>),
    /// A condition and what follows from it or not.
    If(Box<[Node; 3]>),
    /// The first that is false, or the last.
    And(Vec<Node>),
    /// The first that is true, or the last.
    Or(Vec<Node>),
    /// One after the other; the value is that of the last. There is at least one.
    Sequence(Vec<Node>),
    /// The variables with these values in the body.
    Let(Vec<(Rc<Variable>, Node)>, Box<Node>),
    /// The variables in the body, which gives them their values by [`SetLocal`](Self::SetLocal).
    Letrec(Vec<Rc<Variable>>, Box<Node>),
    /// A closure.
    Lambda(Box<Lambda>),
    /// A call of the first with the others.
    Call(Box<Node>, Vec<Node>),
    /// The body; if it raises something, the handler with the variable bound to what was raised.
    Guard {
        /// What the handler calls that which was raised.
        variable: Rc<Variable>,
        /// What is watched.
        body: Box<Node>,
        /// What is done when something is raised.
        handler: Box<Node>,
    },
}

/// A procedure before it is compiled.
#[derive(Debug)]
pub struct Lambda {
    /// What it is called in messages.
    pub name: Rc<str>,
    /// Its parameters; when `rest` is set, the last one takes a list of all further arguments.
    pub parameters: Vec<Rc<Variable>>,
    /// See `parameters`.
    pub rest: bool,
    /// The variable that this procedure is the first value of.
    pub own: Option<Rc<Variable>>,
    /// What it does.
    pub body: Node,
}

impl NodeKind {
    /// The node of this kind at that place.
    pub fn at(self, offset: Offset) -> Node {
        Node { offset, kind: self }
    }
}
