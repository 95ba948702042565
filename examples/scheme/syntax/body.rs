//! Bodies: expressions among which definitions may stand, as `letrec*` has it.

use std::rc::Rc;

use crate::{interner::Symbol, source::Offset, value::Value};

use super::{
    expander::{Expander, Expansion, Header, Part, refuse},
    node::{Node, NodeKind},
    scope::Variable,
};

/// A definition that was taken apart.
#[derive(Debug)]
pub struct Definition {
    /// What is defined.
    pub name: Part,
    /// What it is defined as.
    pub value: DefinedValue,
}

/// What a name is defined as.
#[derive(Debug)]
pub enum DefinedValue {
    /// `(define (name parameter …) body …)`
    Procedure {
        /// The parameters.
        parameters: Part,
        /// The parts of the body.
        body: Vec<Part>,
    },
    /// `(define name value)`
    Expression(Part),
}

/// A part of a body.
enum BodyPart {
    Definition(Offset, Rc<Variable>, Definition),
    Expression(Part),
}

impl Expander<'_> {
    /// The tree of a body, with a scope for what it defines.
    pub fn body(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let parts = self.splice_begins(parts)?;
        if parts.is_empty() {
            return refuse(offset, "expected an expression in the body");
        }
        let (parts, variables) = self.body_parts(parts)?;
        self.scopes.enter(variables.clone());
        let nodes: Expansion<Vec<Node>> = parts.into_iter().map(|part| self.body_part(part)).collect();
        self.scopes.leave();
        let sequence = NodeKind::Sequence(nodes?).at(offset);
        Ok(if variables.is_empty() { sequence } else { NodeKind::Letrec(variables, Box::new(sequence)).at(offset) })
    }

    /// The parts with each `(begin part …)` replaced by its parts.
    fn splice_begins(&mut self, parts: &[Part]) -> Expansion<Vec<Part>> {
        let mut spliced = Vec::new();
        for part in parts {
            match self.keyword_form(part, "begin")? {
                Some(inner) => spliced.extend(self.nested(part.offset, |expander| expander.splice_begins(&inner))?),
                None => spliced.push(part.clone()),
            }
        }
        Ok(spliced)
    }

    /// Tells definitions from expressions, and makes the variables.
    fn body_parts(&mut self, parts: Vec<Part>) -> Expansion<(Vec<BodyPart>, Vec<Rc<Variable>>)> {
        let mut variables: Vec<Rc<Variable>> = Vec::new();
        let mut body = Vec::new();
        for part in parts {
            let Some(define) = self.keyword_form(&part, "define")? else {
                body.push(BodyPart::Expression(part));
                continue;
            };
            let definition = self.definition(part.offset, &define)?;
            let name = definition.name.symbol();
            if variables.iter().any(|variable| variable.name.as_ref() == name) {
                return refuse(definition.name.offset, format!("{:?}: defined twice here", definition.name.datum));
            }
            let variable = self.scopes.undefined_variable(name.cloned());
            variables.push(variable.clone());
            body.push(BodyPart::Definition(part.offset, variable, definition));
        }
        Ok((body, variables))
    }

    fn body_part(&mut self, part: BodyPart) -> Expansion {
        match part {
            BodyPart::Expression(part) => self.expand(&part),
            BodyPart::Definition(offset, variable, definition) => {
                self.initialisation(offset, &variable, &definition.value)
            }
        }
    }

    /// Gives a variable its first value.
    pub fn initialisation(&mut self, offset: Offset, variable: &Rc<Variable>, value: &DefinedValue) -> Expansion {
        let name = variable.name.as_ref().map_or("lambda", Symbol::name);
        let value = self.defined_value(offset, name, Some(variable), value)?;
        variable.set_initialised();
        Ok(NodeKind::SetLocal(variable.clone(), Box::new(value)).at(offset))
    }

    /// The value of a definition; a procedure gets the name.
    pub fn defined_value(
        &mut self,
        offset: Offset,
        name: &str,
        own: Option<&Rc<Variable>>,
        value: &DefinedValue,
    ) -> Expansion {
        match value {
            DefinedValue::Procedure { parameters, body } => {
                let header = self.header(name, parameters)?;
                self.procedure(offset, header, own.cloned(), body)
            }
            DefinedValue::Expression(value) => match self.keyword_form(value, "lambda")? {
                Some(lambda) if !lambda.is_empty() => {
                    let header = self.header(name, &lambda[0])?;
                    self.nested(offset, |expander| expander.procedure(value.offset, header, own.cloned(), &lambda[1..]))
                }
                _ => self.expand(value),
            },
        }
    }

    /// Takes the parts after `define` apart.
    pub fn definition(&self, offset: Offset, parts: &[Part]) -> Expansion<Definition> {
        match parts {
            [target, body @ ..] if matches!(target.datum, Value::Pair(_)) => {
                let Value::Pair(pair) = &target.datum else { unreachable!() };
                let (mut items, _) = self.parts_before_dot(target);
                let name = items.swap_remove(0);
                if name.symbol().is_none() {
                    return refuse(name.offset, format!("define: expected a name, got {:?}", name.datum));
                }
                let parameters = Part { datum: pair.cdr.get(), offset: target.offset };
                Ok(Definition { name, value: DefinedValue::Procedure { parameters, body: body.to_vec() } })
            }
            [name, value] if name.symbol().is_some() => {
                Ok(Definition { name: name.clone(), value: DefinedValue::Expression(value.clone()) })
            }
            _ => refuse(offset, "define: expected (define name value) or (define (name parameter …) body …)"),
        }
    }

    /// The parts after the keyword, if the part is such a form.
    pub fn keyword_form(&self, part: &Part, keyword: &str) -> Expansion<Option<Vec<Part>>> {
        let Value::Pair(pair) = &part.datum else { return Ok(None) };
        let head = Part { datum: pair.car.get(), offset: part.offset };
        if !head.is_symbol(keyword) || self.special_form(&head).is_none() {
            return Ok(None);
        }
        let mut parts = self.parts(part)?;
        parts.remove(0);
        Ok(Some(parts))
    }

    /// Parameters: names, and after a dot, or alone, the name that takes the rest.
    pub fn header(&self, name: &str, parameters: &Part) -> Expansion<Header> {
        let (parts, tail) = self.parts_before_dot(parameters);
        let rest = !matches!(tail, Value::Nil);
        let tail = rest.then_some(Part { datum: tail, offset: parameters.offset });
        let mut names: Vec<Symbol> = Vec::new();
        for part in parts.iter().chain(&tail) {
            let Some(symbol) = part.symbol() else {
                return refuse(part.offset, format!("{name}: a parameter must be a name, got {:?}", part.datum));
            };
            if names.contains(symbol) {
                return refuse(part.offset, format!("{name}: two parameters are called {}", symbol.name()));
            }
            names.push(symbol.clone());
        }
        Ok(Header { name: name.into(), parameters: names, rest })
    }
}
