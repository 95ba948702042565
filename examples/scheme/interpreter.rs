//! The interpreter: reads, expands, compiles and runs one form after the other.

use std::rc::Rc;

use super::{
    builtins,
    compile::compile_form,
    context::Context,
    error::Error,
    globals::Globals,
    machine::{Machine, Stop},
    reader::{Form, Reader},
    source::{Offset, Position, Source},
    syntax::{expander::expand_form, node::NodeKind},
    value::Value,
};

/// An interpreter with the whole language defined.
#[derive(Debug)]
pub struct Interpreter {
    machine: Machine,
}

impl Interpreter {
    /// An interpreter that has run nothing but the prelude.
    pub fn new(mut context: Context) -> Self {
        let prelude =
            Rc::new(Source { hidden: true, name: "prelude".into(), text: include_str!("prelude.scm").into() });
        let mut globals = Globals::default();
        for primitive in builtins::all() {
            let global = globals.id(&context.symbols.intern(primitive.name));
            debug_assert!(globals.get(global).is_none(), "{} is defined twice", primitive.name);
            globals.set(global, Value::Primitive(primitive));
        }
        let nothing = compile_form(&NodeKind::Constant(Value::Unspecified).at(0), &prelude);
        let mut interpreter = Self { machine: Machine::new(context, globals, nothing) };
        match interpreter.run(&prelude, |_, _| ()) {
            Ok(()) => interpreter.machine.globals.renew(),
            Err(stop) => unreachable!("the prelude runs: {stop:?}"),
        }
        interpreter
    }

    /// What primitives may use.
    pub fn context(&mut self) -> &mut Context {
        &mut self.machine.context
    }

    /// Runs the forms of the source in order; `show` gets the value of each.
    pub fn run(&mut self, source: &Rc<Source>, mut show: impl FnMut(&mut Context, &Value)) -> Result<(), Stop> {
        let error = |offset: Offset, message: String| {
            Stop::Error(Error { position: Some(Position { source: source.clone(), offset }), message })
        };
        let mut reader = Reader::new(source);
        loop {
            let form = reader.next_form(&mut self.machine.context.symbols);
            let Some(form) = form.map_err(|e| error(e.offset, e.message))? else { return Ok(()) };
            let value = self.run_form(&form, source, error)?;
            show(&mut self.machine.context, &value);
        }
    }

    fn run_form(
        &mut self,
        form: &Form,
        source: &Rc<Source>,
        error: impl Fn(Offset, String) -> Stop,
    ) -> Result<Value, Stop> {
        let node = expand_form(form, &mut self.machine.globals).map_err(|e| error(e.offset, e.message))?;
        self.machine.run(compile_form(&node, source))
    }
}
