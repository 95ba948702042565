//! The rules of the forms that choose: `if`, `cond`, `case`, `when`, `unless`, `and`, `or`, and `guard`, whose clauses
//! are those of `cond`.

use std::rc::Rc;

use crate::{source::Offset, value::Value};

use super::{
    expander::{Expander, Expansion, Part, refuse},
    forms::primitive_call,
    node::{Node, NodeKind},
    scope::Variable,
};

/// What happens when no clause holds.
enum Otherwise {
    /// Nothing.
    Unspecified,
    /// What was raised is raised again.
    Raise(Rc<Variable>),
}

impl Expander<'_> {
    pub(super) fn if_(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let ([_, _] | [_, _, _]) = parts else { return refuse(offset, "if: expected (if test then else)") };
        let mut nodes = self.expand_all(parts)?.into_iter();
        let (Some(test), Some(then)) = (nodes.next(), nodes.next()) else { unreachable!("there are two parts") };
        let other = nodes.next().unwrap_or_else(|| NodeKind::Constant(Value::Unspecified).at(offset));
        Ok(NodeKind::If(Box::new([test, then, other])).at(offset))
    }

    pub(super) fn when(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [test, body @ ..] = parts else { return refuse(offset, "when: expected (when test body …)") };
        let nodes =
            [self.expand(test)?, self.begin_of(offset, body)?, NodeKind::Constant(Value::Unspecified).at(offset)];
        Ok(NodeKind::If(Box::new(nodes)).at(offset))
    }

    pub(super) fn unless(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [test, body @ ..] = parts else { return refuse(offset, "unless: expected (unless test body …)") };
        let nodes =
            [self.expand(test)?, NodeKind::Constant(Value::Unspecified).at(offset), self.begin_of(offset, body)?];
        Ok(NodeKind::If(Box::new(nodes)).at(offset))
    }

    pub(super) fn and(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        Ok(match parts {
            [] => NodeKind::Constant(Value::Bool(true)),
            _ => NodeKind::And(self.expand_all(parts)?),
        }
        .at(offset))
    }

    pub(super) fn or(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        Ok(match parts {
            [] => NodeKind::Constant(Value::Bool(false)),
            _ => NodeKind::Or(self.expand_all(parts)?),
        }
        .at(offset))
    }

    pub(super) fn cond(&mut self, offset: Offset, clauses: &[Part]) -> Expansion {
        self.clauses(offset, clauses, &Otherwise::Unspecified)
    }

    fn clauses(&mut self, offset: Offset, clauses: &[Part], otherwise: &Otherwise) -> Expansion {
        let [clause, others @ ..] = clauses else { return Ok(self.otherwise(offset, otherwise)) };
        let parts = self.parts(clause)?;
        match &parts[..] {
            [] => refuse(clause.offset, "cond: a clause may not be empty"),
            [test, body @ ..] if self.is_else(test) => {
                if !others.is_empty() {
                    return refuse(clause.offset, "cond: else must come last");
                }
                self.begin_of(clause.offset, body)
            }
            [test] => {
                let test = self.expand(test)?;
                let rest = self.nested(offset, |expander| expander.clauses(offset, others, otherwise))?;
                Ok(NodeKind::Or(vec![test, rest]).at(clause.offset))
            }
            [test, arrow, receiver] if arrow.is_symbol("=>") => {
                self.arrow_clause(clause.offset, [test, receiver], offset, others, otherwise)
            }
            [test, body @ ..] => {
                let test = self.expand(test)?;
                let body = self.begin_of(clause.offset, body)?;
                let rest = self.nested(offset, |expander| expander.clauses(offset, others, otherwise))?;
                Ok(NodeKind::If(Box::new([test, body, rest])).at(clause.offset))
            }
        }
    }

    /// `(test => receiver)`: the receiver is called with what the test gives.
    fn arrow_clause(
        &mut self,
        clause: Offset,
        [test, receiver]: [&Part; 2],
        offset: Offset,
        others: &[Part],
        otherwise: &Otherwise,
    ) -> Expansion {
        let test = self.expand(test)?;
        let variable = self.scopes.variable(None);
        let value = self.local(&variable, clause);
        let receiver = self.expand(receiver)?;
        let argument = self.local(&variable, clause);
        let call = NodeKind::Call(Box::new(receiver), vec![argument]).at(clause);
        let rest = self.nested(offset, |expander| expander.clauses(offset, others, otherwise))?;
        let choice = NodeKind::If(Box::new([value, call, rest])).at(clause);
        Ok(NodeKind::Let(vec![(variable, test)], Box::new(choice)).at(clause))
    }

    fn otherwise(&self, offset: Offset, otherwise: &Otherwise) -> Node {
        match otherwise {
            Otherwise::Unspecified => NodeKind::Constant(Value::Unspecified).at(offset),
            Otherwise::Raise(variable) => primitive_call("raise", vec![self.local(variable, offset)], offset),
        }
    }

    pub(super) fn case(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [key, clauses @ ..] = parts else { return refuse(offset, "case: expected (case key clause …)") };
        let key = self.expand(key)?;
        let variable = self.scopes.variable(None);
        let choice = self.case_clauses(offset, &variable, clauses)?;
        Ok(NodeKind::Let(vec![(variable, key)], Box::new(choice)).at(offset))
    }

    fn case_clauses(&mut self, offset: Offset, key: &Rc<Variable>, clauses: &[Part]) -> Expansion {
        let [clause, others @ ..] = clauses else { return Ok(NodeKind::Constant(Value::Unspecified).at(offset)) };
        let parts = self.parts(clause)?;
        let [data, body @ ..] = &parts[..] else { return refuse(clause.offset, "case: a clause may not be empty") };
        let body = self.begin_of(clause.offset, body)?;
        if self.is_else(data) {
            return if others.is_empty() { Ok(body) } else { refuse(clause.offset, "case: else must come last") };
        }
        self.parts(data)?;
        let data = NodeKind::Constant(data.datum.clone()).at(data.offset);
        let test = primitive_call("memv", vec![self.local(key, clause.offset), data], clause.offset);
        let rest = self.nested(offset, |expander| expander.case_clauses(offset, key, others))?;
        Ok(NodeKind::If(Box::new([test, body, rest])).at(clause.offset))
    }

    /// `(guard (name clause …) body …)`: what the body raises is looked at by the clauses.
    pub(super) fn guard(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [handler, body @ ..] = parts else {
            return refuse(offset, "guard: expected (guard (name clause …) body …)");
        };
        let handler_parts = self.parts(handler)?;
        let [name, clauses @ ..] = &handler_parts[..] else {
            return refuse(handler.offset, "guard: a name is missing");
        };
        if name.symbol().is_none() {
            return refuse(name.offset, format!("guard: expected a name, got {:?}", name.datum));
        }
        let body = Box::new(self.body(offset, body)?);
        let variable = self.scopes.variable(name.symbol().cloned());
        self.scopes.enter(vec![variable.clone()]);
        let handler = self.clauses(handler.offset, clauses, &Otherwise::Raise(variable.clone()));
        self.scopes.leave();
        Ok(NodeKind::Guard { variable, body, handler: Box::new(handler?) }.at(offset))
    }

    fn is_else(&self, part: &Part) -> bool {
        part.is_symbol("else") && part.symbol().is_some_and(|name| self.scopes.find(name).is_none())
    }

    /// The parts one after the other; without any, nothing.
    fn begin_of(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        Ok(match parts {
            [] => NodeKind::Constant(Value::Unspecified).at(offset),
            _ => NodeKind::Sequence(self.expand_all(parts)?).at(offset),
        })
    }
}
