//! The special forms: the table of them, and the rules of those that bind, assign and order.

use std::rc::Rc;

use crate::{builtins, source::Offset, value::Value};

use super::{
    body::DefinedValue,
    expander::{Expander, Expansion, Header, Part, refuse},
    node::{Node, NodeKind},
    scope::Variable,
};

/// Expands the parts after a keyword. The offset is that of the form.
pub type Rule<'a> = fn(&mut Expander<'a>, Offset, &[Part]) -> Expansion;

/// The rule of that keyword.
pub fn rule<'a>(keyword: &str) -> Option<Rule<'a>> {
    Some(match keyword {
        "quote" => Expander::quote,
        "quasiquote" => Expander::quasiquote,
        "unquote" | "unquote-splicing" => Expander::stray_unquote,
        "define" => Expander::define,
        "set!" => Expander::set,
        "lambda" => Expander::lambda,
        "let" => Expander::let_,
        "let*" => Expander::let_star,
        "letrec" | "letrec*" => Expander::letrec,
        "begin" => Expander::begin,
        "do" => Expander::do_,
        "if" => Expander::if_,
        "cond" => Expander::cond,
        "case" => Expander::case,
        "when" => Expander::when,
        "unless" => Expander::unless,
        "and" => Expander::and,
        "or" => Expander::or,
        "guard" => Expander::guard,
        _ => return None,
    })
}

/// A call of a primitive, whatever the program calls by its name.
pub fn primitive_call(name: &str, arguments: Vec<Node>, offset: Offset) -> Node {
    let callee = NodeKind::Constant(Value::Primitive(builtins::find(name))).at(offset);
    NodeKind::Call(Box::new(callee), arguments).at(offset)
}

/// `(name value)`
struct Binding {
    name: Part,
    value: Part,
}

impl Expander<'_> {
    fn quote(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        match parts {
            [datum] => Ok(NodeKind::Constant(datum.datum.clone()).at(offset)),
            _ => refuse(offset, "quote: expected (quote datum)"),
        }
    }

    fn define(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        if !self.scopes.is_top_level() {
            return refuse(offset, "define: a definition may only stand at the top level or directly in a body");
        }
        let definition = self.definition(offset, parts)?;
        let Some(name) = definition.name.symbol() else { unreachable!("a definition has a name") };
        let value = self.defined_value(offset, name.name(), None, &definition.value)?;
        self.global_definition(name, value, definition.name.offset)
    }

    fn set(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [name, value] = parts else { return refuse(offset, "set!: expected (set! name value)") };
        let Some(symbol) = name.symbol() else {
            return refuse(name.offset, format!("set!: expected a name, got {:?}", name.datum));
        };
        let value = self.expand(value)?;
        self.assignment(symbol, value, offset)
    }

    fn lambda(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [parameters, body @ ..] = parts else {
            return refuse(offset, "lambda: expected (lambda (parameter …) body …)");
        };
        let header = self.header("lambda", parameters)?;
        self.procedure(offset, header, None, body)
    }

    fn begin(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        if parts.is_empty() {
            return Ok(NodeKind::Constant(Value::Unspecified).at(offset));
        }
        Ok(NodeKind::Sequence(self.expand_all(parts)?).at(offset))
    }

    fn let_(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        match parts {
            [name, bindings, body @ ..] if name.symbol().is_some() => self.named_let(offset, name, bindings, body),
            [bindings, body @ ..] => self.plain_let(offset, bindings, body),
            [] => refuse(offset, "let: expected (let ((name value) …) body …)"),
        }
    }

    fn plain_let(&mut self, offset: Offset, bindings: &Part, body: &[Part]) -> Expansion {
        let bindings = self.bindings("let", bindings)?;
        let values = self.binding_values(&bindings)?;
        let variables: Vec<_> =
            bindings.iter().map(|binding| self.scopes.variable(binding.name.symbol().cloned())).collect();
        self.scopes.enter(variables.clone());
        let body = self.body(offset, body);
        self.scopes.leave();
        Ok(NodeKind::Let(variables.into_iter().zip(values).collect(), Box::new(body?)).at(offset))
    }

    fn let_star(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [bindings, body @ ..] = parts else {
            return refuse(offset, "let*: expected (let* ((name value) …) body …)");
        };
        let bindings = self.bindings_that_may_repeat("let*", bindings)?;
        self.let_star_from(offset, &bindings, body)
    }

    fn let_star_from(&mut self, offset: Offset, bindings: &[Binding], body: &[Part]) -> Expansion {
        let [first, others @ ..] = bindings else { return self.body(offset, body) };
        let value = self.expand(&first.value)?;
        let variable = self.scopes.variable(first.name.symbol().cloned());
        self.scopes.enter(vec![variable.clone()]);
        let body = self.nested(offset, |expander| expander.let_star_from(offset, others, body));
        self.scopes.leave();
        Ok(NodeKind::Let(vec![(variable, value)], Box::new(body?)).at(offset))
    }

    /// `letrec`, which initialises in order, as `letrec*` does.
    fn letrec(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [bindings, body @ ..] = parts else {
            return refuse(offset, "letrec: expected (letrec ((name value) …) body …)");
        };
        let bindings = self.bindings("letrec", bindings)?;
        let variables: Vec<_> =
            bindings.iter().map(|binding| self.scopes.undefined_variable(binding.name.symbol().cloned())).collect();
        self.scopes.enter(variables.clone());
        let sequence = self.letrec_sequence(offset, bindings, &variables, body);
        self.scopes.leave();
        Ok(NodeKind::Letrec(variables, Box::new(NodeKind::Sequence(sequence?).at(offset))).at(offset))
    }

    fn letrec_sequence(
        &mut self,
        offset: Offset,
        bindings: Vec<Binding>,
        variables: &[Rc<Variable>],
        body: &[Part],
    ) -> Expansion<Vec<Node>> {
        let mut sequence = Vec::new();
        for (binding, variable) in bindings.into_iter().zip(variables) {
            let value = DefinedValue::Expression(binding.value);
            sequence.push(self.initialisation(binding.name.offset, variable, &value)?);
        }
        sequence.push(self.body(offset, body)?);
        Ok(sequence)
    }

    /// `(let loop ((name value) …) body …)`
    fn named_let(&mut self, offset: Offset, name: &Part, bindings: &Part, body: &[Part]) -> Expansion {
        let bindings = self.bindings("let", bindings)?;
        let values = self.binding_values(&bindings)?;
        let looping = self.scopes.undefined_variable(name.symbol().cloned());
        self.scopes.enter(vec![looping.clone()]);
        let header = loop_header(&format!("{:?}", name.datum), &bindings);
        let procedure = self.procedure(offset, header, Some(looping.clone()), body);
        self.scopes.leave();
        Ok(self.start_loop(offset, looping, procedure?, values))
    }

    /// `(do ((name value step) …) (test result …) body …)`
    fn do_(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [bindings, end, body @ ..] = parts else {
            return refuse(offset, "do: expected (do ((name value step) …) (test result …) body …)");
        };
        let end = self.parts(end)?;
        let [test, results @ ..] = &end[..] else { return refuse(offset, "do: a test is missing") };
        let (bindings, steps) = self.do_bindings(bindings)?;
        let values = self.binding_values(&bindings)?;
        let looping = self.scopes.undefined_variable(None);
        let header = loop_header("do", &bindings);
        let procedure = self.procedure_of(offset, header, Some(looping.clone()), |expander| {
            let test = expander.expand(test)?;
            let results = expander.begin(offset, results)?;
            let mut round = expander.expand_all(body)?;
            let steps = expander.expand_all(&steps)?;
            let again = expander.local(&looping, offset);
            round.push(NodeKind::Call(Box::new(again), steps).at(offset));
            Ok(NodeKind::If(Box::new([test, results, NodeKind::Sequence(round).at(offset)])).at(offset))
        })?;
        Ok(self.start_loop(offset, looping, procedure, values))
    }

    /// The bindings of a `do`, and the step of each; without one, a variable stays what it is.
    fn do_bindings(&self, bindings: &Part) -> Expansion<(Vec<Binding>, Vec<Part>)> {
        let mut steps = Vec::new();
        let mut pairs = Vec::new();
        for binding in self.parts(bindings)? {
            let parts = self.parts(&binding)?;
            let ([name, value] | [name, value, _]) = &parts[..] else {
                return refuse(binding.offset, "do: expected (name value step)");
            };
            steps.push(parts.last().filter(|_| parts.len() == 3).unwrap_or(name).clone());
            pairs.push(self.binding("do", name.clone(), value.clone())?);
        }
        refuse_repetition("do", &pairs)?;
        Ok((pairs, steps))
    }

    /// Binds the loop's variable to its procedure, and calls it.
    fn start_loop(&self, offset: Offset, looping: Rc<Variable>, procedure: Node, values: Vec<Node>) -> Node {
        looping.set_initialised();
        let bind = NodeKind::SetLocal(looping.clone(), Box::new(procedure)).at(offset);
        let start = NodeKind::Call(Box::new(self.local(&looping, offset)), values).at(offset);
        NodeKind::Letrec(vec![looping], Box::new(NodeKind::Sequence(vec![bind, start]).at(offset))).at(offset)
    }

    /// The trees of the bindings' values, made before the names are in scope.
    fn binding_values(&mut self, bindings: &[Binding]) -> Expansion<Vec<Node>> {
        bindings.iter().map(|binding| self.expand(&binding.value)).collect()
    }

    /// `((name value) …)` with different names.
    fn bindings(&self, form: &str, part: &Part) -> Expansion<Vec<Binding>> {
        let bindings = self.bindings_that_may_repeat(form, part)?;
        refuse_repetition(form, &bindings)?;
        Ok(bindings)
    }

    fn bindings_that_may_repeat(&self, form: &str, part: &Part) -> Expansion<Vec<Binding>> {
        let mut bindings = Vec::new();
        for binding in self.parts(part)? {
            match &self.parts(&binding)?[..] {
                [name, value] => bindings.push(self.binding(form, name.clone(), value.clone())?),
                _ => return refuse(binding.offset, format!("{form}: expected (name value), got {:?}", binding.datum)),
            }
        }
        Ok(bindings)
    }

    fn binding(&self, form: &str, name: Part, value: Part) -> Expansion<Binding> {
        match name.symbol() {
            Some(_) => Ok(Binding { name, value }),
            None => refuse(name.offset, format!("{form}: expected a name, got {:?}", name.datum)),
        }
    }
}

fn refuse_repetition(form: &str, bindings: &[Binding]) -> Expansion<()> {
    for (index, binding) in bindings.iter().enumerate() {
        if bindings[..index].iter().any(|other| other.name.symbol() == binding.name.symbol()) {
            return refuse(binding.name.offset, format!("{form}: {:?} is bound twice", binding.name.datum));
        }
    }
    Ok(())
}

fn loop_header(name: &str, bindings: &[Binding]) -> Header {
    let parameters = bindings.iter().filter_map(|binding| binding.name.symbol().cloned()).collect();
    Header { name: name.into(), parameters, rest: false }
}
