//! The procedures that are written in Rust, by the kind of data they work on.
//!
//! None of them calls a procedure of the program; those that must are written in Scheme, in `prelude.scm`.

use core::fmt;

use super::{
    context::Context,
    error::{Outcome, failed},
    value::Value,
};

pub mod arguments;
pub mod characters;
pub mod control;
pub mod lists;
pub mod numbers;
pub mod output;
pub mod predicates;
pub mod strings;
pub mod symbols;
pub mod system;
pub mod tables;
pub mod vectors;

/// A procedure written in Rust.
pub struct Primitive {
    /// The variable that holds it, and its name in messages.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: Arity,
    /// What it does.
    pub action: Action,
}

/// What a primitive does.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Makes a value of its arguments.
    Run(fn(&mut Context, &[Value]) -> Outcome),
    /// `apply`, which the machine does itself.
    Apply,
}

/// How many arguments a procedure takes.
#[derive(Clone, Copy, Debug)]
pub struct Arity {
    least: usize,
    most: Option<usize>,
}

impl Arity {
    /// So many.
    pub const fn exactly(count: usize) -> Self {
        Self { least: count, most: Some(count) }
    }

    /// So many or more.
    pub const fn at_least(least: usize) -> Self {
        Self { least, most: None }
    }

    /// Fails unless `count` is right.
    #[inline]
    pub fn check(self, count: usize) -> Outcome<()> {
        if count >= self.least && self.most.is_none_or(|most| count <= most) { Ok(()) } else { self.refuse(count) }
    }

    #[cold]
    fn refuse(self, count: usize) -> Outcome<()> {
        let plural = |count| if count == 1 { "" } else { "s" };
        let expected = match self {
            Self { least, most: None } => format!("at least {least} argument{}", plural(least)),
            Self { least, most: Some(most) } if least == most => format!("{least} argument{}", plural(least)),
            Self { least, most: Some(most) } => format!("{least} to {most} arguments"),
        };
        failed(format!("expected {expected}, got {count}"))
    }
}

/// What a primitive is made from in the tables of the files here.
type Run = fn(&mut Context, &[Value]) -> Outcome;

/// A primitive with so many arguments.
const fn exactly(count: usize, name: &'static str, run: Run) -> Primitive {
    Primitive { name, arity: Arity::exactly(count), action: Action::Run(run) }
}

/// A primitive with so many arguments or more.
const fn at_least(least: usize, name: &'static str, run: Run) -> Primitive {
    Primitive { name, arity: Arity::at_least(least), action: Action::Run(run) }
}

/// A primitive with `least` to `most` arguments.
const fn between(least: usize, most: usize, name: &'static str, run: Run) -> Primitive {
    Primitive { name, arity: Arity { least, most: Some(most) }, action: Action::Run(run) }
}

static TABLES: [&[Primitive]; 11] = [
    characters::PRIMITIVES,
    control::PRIMITIVES,
    lists::PRIMITIVES,
    numbers::PRIMITIVES,
    output::PRIMITIVES,
    predicates::PRIMITIVES,
    strings::PRIMITIVES,
    symbols::PRIMITIVES,
    system::PRIMITIVES,
    tables::PRIMITIVES,
    vectors::PRIMITIVES,
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Primitive> {
    TABLES.iter().copied().flatten()
}

/// The one of that name, which there is.
pub fn find(name: &str) -> &'static Primitive {
    all().find(|primitive| primitive.name == name).expect("only known primitives are asked for")
}

impl fmt::Debug for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Primitive").field("name", &self.name).field("arity", &self.arity).finish_non_exhaustive()
    }
}
