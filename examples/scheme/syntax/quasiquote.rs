//! `quasiquote`: a list is put together from runs of items and spliced lists.
//!
//! ```text
//!   `(a ,b ,@c d)   =   (append (list 'a b) c (list 'd))
//! ```
//!
//! Each quasiquote inside adds a level, each unquote takes one off; only what is unquoted at level one is evaluated.

use crate::{source::Offset, value::Value};

use super::{
    expander::{Expander, Expansion, Part, refuse},
    forms::primitive_call,
    node::{Node, NodeKind},
};

/// The tree that builds what a template describes, or `None` when nothing in it is unquoted: it is a constant then.
type Built = Option<Node>;

impl Expander<'_> {
    pub(super) fn quasiquote(&mut self, offset: Offset, parts: &[Part]) -> Expansion {
        let [template] = parts else { return refuse(offset, "quasiquote: expected (quasiquote datum)") };
        let built = self.template(template, 1)?;
        Ok(or_constant(built, template))
    }

    pub(super) fn stray_unquote(&mut self, offset: Offset, _: &[Part]) -> Expansion {
        refuse(offset, "unquote: only means something inside a quasiquote")
    }

    fn template(&mut self, template: &Part, level: usize) -> Expansion<Built> {
        self.nested(template.offset, |expander| match &template.datum {
            Value::Pair(_) => expander.list_template(template, level),
            Value::Vector(vector) => {
                let items: Vec<_> = vector.items.iter().map(|item| item.get()).collect();
                let list = expander.template(&Part { datum: Value::list(items), offset: template.offset }, level)?;
                Ok(list.map(|list| primitive_call("list->vector", vec![list], template.offset)))
            }
            _ => Ok(None),
        })
    }

    fn list_template(&mut self, template: &Part, level: usize) -> Expansion<Built> {
        if let Some(unquoted) = self.two_parts(template, "unquote") {
            return match level {
                1 => self.expand(&unquoted).map(Some),
                _ => self.rebuilt(template, &unquoted, level - 1),
            };
        }
        if let Some(inner) = self.two_parts(template, "quasiquote") {
            return self.rebuilt(template, &inner, level + 1);
        }
        let (items, tail) = self.split_before_unquote(template);
        let mut segments = Segments::default();
        for item in &items {
            self.item(&mut segments, item, level)?;
        }
        let built_tail = self.template(&tail, level)?;
        Ok(segments.join(built_tail, &tail))
    }

    /// Adds what an item of a list template describes.
    fn item(&mut self, segments: &mut Segments, item: &Part, level: usize) -> Expansion<()> {
        match self.two_parts(item, "unquote-splicing") {
            Some(spliced) if level == 1 => segments.splice(self.expand(&spliced)?),
            Some(inner) => segments.push(self.rebuilt(item, &inner, level - 1)?, item),
            None => segments.push(self.template(item, level)?, item),
        }
        Ok(())
    }

    /// `(keyword datum)` with what the datum describes in its place.
    fn rebuilt(&mut self, form: &Part, datum: &Part, level: usize) -> Expansion<Built> {
        let Value::Pair(pair) = &form.datum else { unreachable!("a form of two parts is a pair") };
        let mut segments = Segments::default();
        segments.push(None, &Part { datum: pair.car.get(), offset: form.offset });
        self.item(&mut segments, datum, level)?;
        Ok(segments.join(None, &Part { datum: Value::Nil, offset: form.offset }))
    }

    /// The datum of `(keyword datum)`.
    fn two_parts(&self, form: &Part, keyword: &str) -> Option<Part> {
        let Value::Pair(pair) = &form.datum else { return None };
        let head = Part { datum: pair.car.get(), offset: form.offset };
        if !head.is_symbol(keyword) {
            return None;
        }
        let (mut parts, tail) = self.parts_before_dot(form);
        (parts.len() == 2 && matches!(tail, Value::Nil)).then(|| parts.swap_remove(1))
    }

    /// The items of a list, and what comes after its dot. `(a . ,b)` is the same datum as `(a unquote b)`.
    fn split_before_unquote(&self, list: &Part) -> (Vec<Part>, Part) {
        let (mut items, tail) = self.parts_before_dot(list);
        let mut tail = Part { datum: tail, offset: list.offset };
        let keyword = items.len().saturating_sub(2);
        if keyword > 0
            && matches!(tail.datum, Value::Nil)
            && items[keyword].is_symbol("unquote")
            && let Some(link) = list.datum.links().nth(keyword)
        {
            tail = Part { datum: Value::Pair(link), offset: items[keyword].offset };
            items.truncate(keyword);
        }
        (items, tail)
    }
}

fn or_constant(built: Built, template: &Part) -> Node {
    built.unwrap_or_else(|| NodeKind::Constant(template.datum.clone()).at(template.offset))
}

/// What a list is put together from.
#[derive(Default)]
struct Segments {
    lists: Vec<Node>,
    run: Vec<Node>,
    unquotes: usize,
}

impl Segments {
    fn push(&mut self, built: Built, template: &Part) {
        self.unquotes += usize::from(built.is_some());
        self.run.push(or_constant(built, template));
    }

    fn splice(&mut self, list: Node) {
        self.unquotes += 1;
        self.end_run(list.offset);
        self.lists.push(list);
    }

    fn end_run(&mut self, offset: Offset) {
        if !self.run.is_empty() {
            self.lists.push(primitive_call("list", core::mem::take(&mut self.run), offset));
        }
    }

    /// The list of all that, ending in the tail.
    fn join(mut self, built_tail: Built, tail: &Part) -> Built {
        if self.unquotes == 0 && built_tail.is_none() {
            return None;
        }
        self.end_run(tail.offset);
        self.lists.push(or_constant(built_tail, tail));
        Some(primitive_call("append", self.lists, tail.offset))
    }
}
