//! The compiler: a tree of nodes becomes a row of operations.
//!
//! The machine is a stack machine: a node's operations push its value. Arguments, `let` variables and values that wait
//! for others stand on the same stack, so a variable's slot is the height at which it was pushed:
//!
//! ```text
//!   slot   0          1          2        3
//!        ┌──────────┬──────────┬────────┬──────────────
//!        │ argument │ argument │ let x  │ waiting …
//!        └──────────┴──────────┴────────┴──────────────
//! ```

use std::rc::Rc;

use mudlark_gc::Gc;

use super::{
    code::{Capture, Code, Op, Template},
    source::{Offset, Source},
    syntax::{
        node::{Lambda, Node, NodeKind},
        scope::Variable,
    },
    value::Value,
};

/// The code of a form at the top level: a procedure without parameters.
///
/// Its last call is no tail call, so that an error in it has a place.
pub fn compile_form(node: &Node, source: &Rc<Source>) -> Gc<Code> {
    let mut compiler = Compiler { source, procedures: vec![Procedure::default()] };
    compiler.node(node, Last::No);
    compiler.emit(Op::Return, node.offset);
    let (code, _) = compiler.finish("program".into(), 0, false);
    code
}

/// Whether a node is the last thing its procedure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

struct Compiler<'a> {
    source: &'a Rc<Source>,
    /// The procedure that is being compiled, and those around it. Innermost last.
    procedures: Vec<Procedure>,
}

/// A procedure that is being compiled.
#[derive(Default)]
struct Procedure {
    own: Option<Rc<Variable>>,
    ops: Vec<Op>,
    offsets: Vec<Offset>,
    constants: Vec<Value>,
    templates: Vec<Template>,
    captures: Vec<Rc<Variable>>,
    /// How many values the machine's stack holds here.
    height: u32,
}

/// A jump whose target is not known yet.
struct Jump(usize);

/// A number that indexes operations or constants. Each of them takes at least a byte of source, whose length fits.
fn index(index: usize) -> u32 {
    u32::try_from(index).expect("there are fewer than bytes of source")
}

impl Compiler<'_> {
    fn current(&mut self) -> &mut Procedure {
        self.procedures.last_mut().expect("some procedure is being compiled")
    }

    fn emit(&mut self, op: Op, offset: Offset) {
        let procedure = self.current();
        procedure.ops.push(op);
        procedure.offsets.push(offset);
    }

    /// Emits an operation that pushes one value.
    fn push(&mut self, op: Op, offset: Offset) {
        self.emit(op, offset);
        self.current().height += 1;
    }

    /// Emits an operation that pops `count` values.
    fn pop(&mut self, op: Op, count: usize, offset: Offset) {
        self.emit(op, offset);
        self.current().height -= index(count);
    }

    fn constant(&mut self, value: Value) -> u32 {
        let constants = &mut self.current().constants;
        constants.push(value);
        index(constants.len() - 1)
    }

    fn push_constant(&mut self, value: Value, offset: Offset) {
        let constant = self.constant(value);
        self.push(Op::Constant(constant), offset);
    }

    /// Emits a jump; `op` makes it from its target.
    fn jump(&mut self, op: fn(u32) -> Op, offset: Offset) -> Jump {
        self.emit(op(0), offset);
        Jump(self.current().ops.len() - 1)
    }

    /// The jump goes to the next operation.
    fn land(&mut self, Jump(from): Jump) {
        let ops = &mut self.current().ops;
        let here = index(ops.len());
        match &mut ops[from] {
            Op::Jump(target)
            | Op::JumpIfFalse(target)
            | Op::JumpIfFalseElsePop(target)
            | Op::JumpIfTrueElsePop(target)
            | Op::PushHandler(target) => *target = here,
            other => unreachable!("{other:?} does not jump"),
        }
    }

    /// Emits what pushes the node's value; for the last node of a procedure, what returns it.
    fn node(&mut self, node: &Node, last: Last) {
        let offset = node.offset;
        match &node.kind {
            NodeKind::Constant(value) => self.push_constant(value.clone(), offset),
            NodeKind::Local(variable) => self.local(variable, offset),
            NodeKind::Global(global) => self.push(Op::Global(*global), offset),
            NodeKind::SetLocal(variable, value) => self.set_local(variable, value, offset),
            NodeKind::SetGlobal(global, value) => self.set_global(Op::SetGlobal(*global), value, offset),
            NodeKind::DefineGlobal(global, value) => self.set_global(Op::DefineGlobal(*global), value, offset),
            NodeKind::Lambda(lambda) => self.lambda(lambda, offset),
            // What these end with returns by itself.
            NodeKind::If(nodes) => return self.if_(nodes, last),
            NodeKind::And(nodes) => return self.chain(nodes, Op::JumpIfFalseElsePop, last),
            NodeKind::Or(nodes) => return self.chain(nodes, Op::JumpIfTrueElsePop, last),
            NodeKind::Sequence(nodes) => return self.sequence(nodes, last),
            NodeKind::Let(bindings, body) => return self.let_(bindings, body, last, offset),
            NodeKind::Letrec(variables, body) => return self.letrec(variables, body, last, offset),
            NodeKind::Call(callee, arguments) => return self.call(callee, arguments, last, offset),
            NodeKind::Guard { variable, body, handler } => return self.guard(variable, body, handler, last, offset),
        }
        self.return_if(last, offset);
    }

    fn return_if(&mut self, last: Last, offset: Offset) {
        if last == Last::Yes {
            self.emit(Op::Return, offset);
        }
    }

    fn if_(&mut self, [test, then, other]: &[Node; 3], last: Last) {
        self.node(test, Last::No);
        let height = self.current().height - 1;
        let to_other = self.jump(Op::JumpIfFalse, test.offset);
        self.current().height = height;
        self.node(then, last);
        let to_end = (last == Last::No).then(|| self.jump(Op::Jump, then.offset));
        self.land(to_other);
        self.current().height = height;
        self.node(other, last);
        if let Some(jump) = to_end {
            self.land(jump);
        }
    }

    /// `and` and `or`: each node but the last one may end it.
    fn chain(&mut self, nodes: &[Node], leave: fn(u32) -> Op, last: Last) {
        let [others @ .., last_node] = nodes else { unreachable!("there is at least one") };
        let mut jumps = Vec::new();
        for node in others {
            self.node(node, Last::No);
            jumps.push(self.jump(leave, node.offset));
            self.current().height -= 1;
        }
        self.node(last_node, last);
        if jumps.is_empty() {
            return;
        }
        for jump in jumps {
            self.land(jump);
        }
        self.return_if(last, last_node.offset);
    }

    fn sequence(&mut self, nodes: &[Node], last: Last) {
        let [others @ .., last_node] = nodes else { unreachable!("there is at least one") };
        for node in others {
            self.node(node, Last::No);
            self.pop(Op::Pop, 1, node.offset);
        }
        self.node(last_node, last);
    }

    fn let_(&mut self, bindings: &[(Rc<Variable>, Node)], body: &Node, last: Last, offset: Offset) {
        let base = self.current().height;
        for (_, value) in bindings {
            self.node(value, Last::No);
        }
        for ((variable, _), slot) in bindings.iter().zip(base..) {
            self.bind(variable, slot, offset);
        }
        self.node(body, last);
        self.slide(bindings.len(), last, offset);
    }

    fn letrec(&mut self, variables: &[Rc<Variable>], body: &Node, last: Last, offset: Offset) {
        for variable in variables {
            let slot = self.current().height;
            self.push_constant(Value::Undefined, offset);
            self.bind(variable, slot, offset);
        }
        self.node(body, last);
        self.slide(variables.len(), last, offset);
    }

    /// The value in the slot is the variable's from now on.
    fn bind(&mut self, variable: &Variable, slot: u32, offset: Offset) {
        variable.slot.set(slot);
        if variable.is_shared() {
            self.emit(Op::MakePlace(slot), offset);
        }
    }

    /// Drops `count` variables below a value; a procedure that ends drops them anyway.
    fn slide(&mut self, count: usize, last: Last, offset: Offset) {
        if count == 0 {
            return;
        }
        if last == Last::No {
            self.emit(Op::Slide(index(count)), offset);
        }
        self.current().height -= index(count);
    }

    /// Pushes the arguments, and the procedure unless it is global, and calls it.
    fn call(&mut self, callee: &Node, arguments: &[Node], last: Last, offset: Offset) {
        for argument in arguments {
            self.node(argument, Last::No);
        }
        let count = index(arguments.len());
        let op = match (&callee.kind, last) {
            (NodeKind::Global(global), Last::No) => Op::CallGlobal(*global, count),
            (NodeKind::Global(global), Last::Yes) => Op::TailCallGlobal(*global, count),
            (_, Last::No) => Op::Call(count),
            (_, Last::Yes) => Op::TailCall(count),
        };
        if !matches!(callee.kind, NodeKind::Global(_)) {
            self.node(callee, Last::No);
            self.current().height -= 1;
        }
        self.emit(op, offset);
        self.current().height -= count;
        self.current().height += 1;
    }

    fn guard(&mut self, variable: &Variable, body: &Node, handler: &Node, last: Last, offset: Offset) {
        let slot = self.current().height;
        let to_handler = self.jump(Op::PushHandler, offset);
        self.node(body, Last::No);
        self.emit(Op::PopHandler, offset);
        self.return_if(last, offset);
        let to_end = (last == Last::No).then(|| self.jump(Op::Jump, offset));
        self.land(to_handler);
        // What was raised takes the place of the body's value.
        self.bind(variable, slot, offset);
        self.node(handler, last);
        self.slide(1, last, offset);
        if let Some(jump) = to_end {
            self.land(jump);
        }
    }

    fn local(&mut self, variable: &Rc<Variable>, offset: Offset) {
        let capture = self.locate(variable, self.procedures.len() - 1);
        let op = match (capture, variable.is_shared()) {
            (Capture::Local(slot), false) => Op::Local(slot),
            (Capture::Local(slot), true) => Op::LocalPlace(slot),
            (Capture::Captured(index), false) => Op::Captured(index),
            (Capture::Captured(index), true) => Op::CapturedPlace(index),
            (Capture::Current, _) => Op::Current,
        };
        self.push(op, offset);
        if variable.is_late() && !matches!(capture, Capture::Current) {
            let name = self.constant(variable.name.clone().map_or(Value::Nil, Value::Symbol));
            self.emit(Op::CheckDefined(name), offset);
        }
    }

    fn set_local(&mut self, variable: &Rc<Variable>, value: &Node, offset: Offset) {
        self.node(value, Last::No);
        let op = match (self.locate(variable, self.procedures.len() - 1), variable.is_shared()) {
            (Capture::Local(slot), false) => Op::SetLocal(slot),
            (Capture::Local(slot), true) => Op::SetLocalPlace(slot),
            (Capture::Captured(index), true) => Op::SetCapturedPlace(index),
            (capture, _) => unreachable!("an assigned variable that is captured is shared: {capture:?}"),
        };
        self.pop(op, 1, offset);
        self.push_constant(Value::Unspecified, offset);
    }

    fn set_global(&mut self, op: Op, value: &Node, offset: Offset) {
        self.node(value, Last::No);
        self.pop(op, 1, offset);
        self.push_constant(Value::Unspecified, offset);
    }

    /// Where the procedure at that depth has the variable; if it has not, it captures it.
    fn locate(&mut self, variable: &Rc<Variable>, depth: usize) -> Capture {
        if variable.depth == depth {
            return Capture::Local(variable.slot.get());
        }
        let procedure = &mut self.procedures[depth];
        if !variable.is_assigned() && procedure.own.as_ref().is_some_and(|own| Rc::ptr_eq(own, variable)) {
            return Capture::Current;
        }
        let known = procedure.captures.iter().position(|captured| Rc::ptr_eq(captured, variable));
        Capture::Captured(index(known.unwrap_or_else(|| {
            procedure.captures.push(variable.clone());
            procedure.captures.len() - 1
        })))
    }

    fn lambda(&mut self, lambda: &Lambda, offset: Offset) {
        let parameters = &lambda.parameters;
        let height = index(parameters.len());
        self.procedures.push(Procedure { own: lambda.own.clone(), height, ..Procedure::default() });
        for (parameter, slot) in parameters.iter().zip(0..) {
            self.bind(parameter, slot, offset);
        }
        self.node(&lambda.body, Last::Yes);
        let required = parameters.len() - usize::from(lambda.rest);
        let (code, captured) = self.finish(lambda.name.clone(), required, lambda.rest);

        let depth = self.procedures.len() - 1;
        let captures = captured.iter().map(|variable| self.locate(variable, depth)).collect();
        let templates = &mut self.current().templates;
        templates.push(Template { code, captures });
        let template = index(templates.len() - 1);
        self.push(Op::Closure(template), offset);
    }

    /// Takes the innermost procedure off: its code, and the variables it captured.
    fn finish(&mut self, name: Rc<str>, required: usize, rest: bool) -> (Gc<Code>, Vec<Rc<Variable>>) {
        let procedure = self.procedures.pop().expect("some procedure is being compiled");
        let code = Code {
            name,
            required,
            rest,
            ops: procedure.ops.into(),
            offsets: procedure.offsets.into(),
            source: self.source.clone(),
            constants: procedure.constants,
            templates: procedure.templates,
        };
        (Gc::new(code), procedure.captures)
    }
}
