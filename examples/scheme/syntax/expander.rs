//! The expander: takes a form apart, resolves names, and hands special forms to their rules.

use std::rc::Rc;

use crate::{
    globals::Globals,
    interner::Symbol,
    reader::{Form, Positions},
    source::Offset,
    value::Value,
};

use super::{
    forms,
    node::{Lambda, Node, NodeKind},
    scope::{Scopes, Variable},
};

/// A form that means nothing: where, and why.
#[derive(Debug)]
pub struct SyntaxError {
    /// Where.
    pub offset: Offset,
    /// Why.
    pub message: String,
}

/// A node, or why there is none.
pub type Expansion<T = Node> = Result<T, SyntaxError>;

/// A failure to expand.
pub fn refuse<T>(offset: Offset, message: impl Into<String>) -> Expansion<T> {
    Err(SyntaxError { offset, message: message.into() })
}

/// A part of a form, and where it stands.
#[derive(Clone, Debug)]
pub struct Part {
    /// What was read.
    pub datum: Value,
    /// Where.
    pub offset: Offset,
}

impl Part {
    /// The name, if the part is one.
    pub fn symbol(&self) -> Option<&Symbol> {
        match &self.datum {
            Value::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    /// Whether the part is this name.
    pub fn is_symbol(&self, name: &str) -> bool {
        self.symbol().is_some_and(|symbol| symbol.name() == name)
    }
}

/// Expands one form.
#[derive(Debug)]
pub struct Expander<'a> {
    /// The scopes around the place that is being expanded.
    pub scopes: Scopes,
    positions: &'a Positions,
    globals: &'a mut Globals,
    nesting: usize,
}

/// How deeply forms may be nested. Expanding and compiling recurse, on a stack that is large enough for this.
pub const MAX_NESTING: usize = 2000;

/// The tree of a form at the top level.
pub fn expand_form(form: &Form, globals: &mut Globals) -> Expansion {
    let mut expander = Expander { scopes: Scopes::default(), positions: &form.positions, globals, nesting: 0 };
    expander.expand(&Part { datum: form.datum.clone(), offset: form.offset })
}

impl<'a> Expander<'a> {
    /// The tree of an expression.
    pub fn expand(&mut self, part: &Part) -> Expansion {
        match &part.datum {
            Value::Symbol(name) => self.reference(name, part.offset),
            Value::Pair(_) => self.nested(part.offset, |expander| expander.combination(part)),
            Value::Nil => refuse(part.offset, "(): nothing to call; the empty list is '()"),
            constant => Ok(NodeKind::Constant(constant.clone()).at(part.offset)),
        }
    }

    /// The trees of several expressions.
    pub fn expand_all(&mut self, parts: &[Part]) -> Expansion<Vec<Node>> {
        parts.iter().map(|part| self.expand(part)).collect()
    }

    /// Does one more level of recursion, unless it is one too many.
    pub fn nested<T>(&mut self, offset: Offset, expand: impl FnOnce(&mut Self) -> Expansion<T>) -> Expansion<T> {
        if self.nesting == MAX_NESTING {
            return refuse(offset, format!("forms are nested too deeply here (more than {MAX_NESTING} levels)"));
        }
        self.nesting += 1;
        let expansion = expand(self);
        self.nesting -= 1;
        expansion
    }

    /// The parts of a form that is a proper list.
    pub fn parts(&self, form: &Part) -> Expansion<Vec<Part>> {
        let (parts, rest) = self.parts_before_dot(form);
        match rest {
            Value::Nil => Ok(parts),
            _ => refuse(form.offset, "expected a proper list here"),
        }
    }

    /// The items of a form that is a list, and what comes after the dot, or `()`.
    pub fn parts_before_dot(&self, form: &Part) -> (Vec<Part>, Value) {
        let mut links = form.datum.links();
        let part = |pair: mudlark_gc::Gc<_>| Part {
            offset: self.positions.of_car(&pair).unwrap_or(form.offset),
            datum: pair.car.get(),
        };
        let parts = links.by_ref().map(part).collect();
        (parts, links.rest)
    }

    /// A special form or a call.
    fn combination(&mut self, form: &Part) -> Expansion {
        let parts = self.parts(form)?;
        if let Some(rule) = self.special_form(&parts[0]) {
            return rule(self, form.offset, &parts[1..]);
        }
        let callee = self.expand(&parts[0])?;
        let arguments = self.expand_all(&parts[1..])?;
        Ok(NodeKind::Call(Box::new(callee), arguments).at(form.offset))
    }

    /// The rule of the special form that the part is the keyword of. A local variable of that name hides the keyword.
    pub fn special_form(&self, part: &Part) -> Option<forms::Rule<'a>> {
        let name = part.symbol()?;
        if self.scopes.find(name).is_some() { None } else { forms::rule(name.name()) }
    }

    /// The value of the variable of that name.
    fn reference(&mut self, name: &Symbol, offset: Offset) -> Expansion {
        if let Some(variable) = self.scopes.find(name) {
            self.scopes.note_use(variable);
            return Ok(NodeKind::Local(variable.clone()).at(offset));
        }
        self.refuse_keyword(name, offset)?;
        Ok(NodeKind::Global(self.globals.id(name)).at(offset))
    }

    /// The value of a local variable.
    pub fn local(&self, variable: &Rc<Variable>, offset: Offset) -> Node {
        self.scopes.note_use(variable);
        NodeKind::Local(variable.clone()).at(offset)
    }

    /// An assignment.
    pub fn assignment(&mut self, name: &Symbol, value: Node, offset: Offset) -> Expansion {
        if let Some(variable) = self.scopes.find(name) {
            self.scopes.note_use(variable);
            variable.set_assigned();
            return Ok(NodeKind::SetLocal(variable.clone(), Box::new(value)).at(offset));
        }
        self.refuse_keyword(name, offset)?;
        Ok(NodeKind::SetGlobal(self.globals.id(name), Box::new(value)).at(offset))
    }

    /// A definition at the top level.
    pub fn global_definition(&mut self, name: &Symbol, value: Node, offset: Offset) -> Expansion {
        self.refuse_keyword(name, offset)?;
        Ok(NodeKind::DefineGlobal(self.globals.id(name), Box::new(value)).at(offset))
    }

    fn refuse_keyword(&self, name: &Symbol, offset: Offset) -> Expansion<()> {
        match forms::rule(name.name()) {
            Some(_) => refuse(offset, format!("{}: a keyword, not a variable", name.name())),
            None => Ok(()),
        }
    }

    /// A procedure. `own` is the variable that it is the first value of.
    pub fn procedure(&mut self, offset: Offset, header: Header, own: Option<Rc<Variable>>, body: &[Part]) -> Expansion {
        self.procedure_of(offset, header, own, |expander| expander.body(offset, body))
    }

    /// A procedure whose body is made by `body`.
    pub fn procedure_of(
        &mut self,
        offset: Offset,
        Header { name, parameters, rest }: Header,
        own: Option<Rc<Variable>>,
        body: impl FnOnce(&mut Self) -> Expansion,
    ) -> Expansion {
        self.scopes.enter_procedure(own.clone());
        let parameters: Vec<_> = parameters.into_iter().map(|name| self.scopes.variable(Some(name))).collect();
        self.scopes.enter(parameters.clone());
        let body = body(self);
        self.scopes.leave();
        self.scopes.leave_procedure();
        let lambda = Lambda { name, parameters, rest, own, body: body? };
        Ok(NodeKind::Lambda(Box::new(lambda)).at(offset))
    }
}

/// A procedure's name and its parameters; see [`Lambda`].
#[derive(Debug)]
pub struct Header {
    /// The name.
    pub name: Rc<str>,
    /// The parameters' names.
    pub parameters: Vec<Symbol>,
    /// Whether the last one takes a list.
    pub rest: bool,
}
