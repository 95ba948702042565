//! The values of the language: small ones by themselves, the others as objects that the collector traces.
//!
//! ```text
//!   Value  ┌─────┬─────────┐        object  ┌────────┬───────┬───────┐
//!          │ tag │ payload ├───── Gc ─────▶ │ header │ car   │ cdr   │   Pair
//!          └─────┴─────────┘                └────────┴───────┴───────┘
//! ```
//!
//! A program can tie any knot with these: a list that ends in itself, a table that is its own value, a closure whose
//! variable holds the closure. Counting alone would never free them.

use core::{cell::Cell, fmt, mem};

use mudlark_gc::{Gc, Trace};
use mudlark_rc::Counted;

use super::{builtins::Primitive, code::Closure, condition::Condition, interner::Symbol, printer, table::Table};

/// A value.
#[derive(Clone, Default, Trace)]
pub enum Value {
    /// What a procedure returns that has nothing to say.
    #[default]
    Unspecified,
    /// What a variable holds before its definition was run. Programs never see it.
    Undefined,
    /// The empty list.
    Nil,
    /// `#t` or `#f`.
    Bool(bool),
    /// An exact number: an integer of 64 bits.
    Int(i64),
    /// An inexact number.
    Float(f64),
    /// A character.
    Char(char),
    /// An interned name.
    Symbol(#[trace(skip)] Symbol),
    /// A procedure written in Rust.
    Primitive(#[trace(skip)] &'static Primitive),
    /// A string.
    Text(Gc<Text>),
    /// A pair, mostly a link of a list.
    Pair(Gc<Pair>),
    /// A vector.
    Vector(Gc<Vector>),
    /// A hash table.
    Table(Gc<Table>),
    /// A procedure written in Scheme.
    Closure(Gc<Closure>),
    /// What `error` raises.
    Condition(Gc<Condition>),
    /// A variable that closures share and somebody assigns. Programs never see it.
    Place(Gc<Place>),
}

const _: () = assert!(size_of::<Value>() == 16, "two words");

impl Value {
    /// A pair.
    pub fn cons(car: Self, cdr: Self) -> Self {
        Self::Pair(Gc::new(Pair { car: Place::new(car), cdr: Place::new(cdr) }))
    }

    /// A string.
    pub fn text(content: impl Into<Counted<str>>) -> Self {
        Self::Text(Gc::new(Text::new(content.into())))
    }

    /// A vector.
    pub fn vector(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Vector(Gc::new(Vector { items: items.into_iter().map(Place::new).collect() }))
    }

    /// A proper list of the items.
    pub fn list(items: impl IntoIterator<Item = Self, IntoIter: DoubleEndedIterator>) -> Self {
        Self::list_before(items, Self::Nil)
    }

    /// The items in front of `tail`.
    pub fn list_before(items: impl IntoIterator<Item = Self, IntoIter: DoubleEndedIterator>, tail: Self) -> Self {
        items.into_iter().rfold(tail, |rest, item| Self::cons(item, rest))
    }

    /// Everything but `#f` counts as true.
    pub fn is_true(&self) -> bool {
        !matches!(self, Self::Bool(false))
    }

    /// The links of the list that begins here, up to the first thing that is no pair. Does not end on a circular list.
    pub fn links(&self) -> Links {
        Links { rest: self.clone() }
    }

    /// The links of the list that begins here, each once, even if the list is circular.
    pub fn walk(&self) -> Walk {
        Walk { links: self.links(), slow: self.links(), steps: 0, is_circular: false }
    }

    /// The items of a proper list, or `None` for anything else, circular lists included.
    pub fn items(&self) -> Option<Vec<Self>> {
        let mut items = Vec::with_capacity(self.list_length()?);
        items.extend(self.links().map(|pair| pair.car.get()));
        Some(items)
    }

    /// The length of a proper list, or `None` for anything else, circular lists included.
    pub fn list_length(&self) -> Option<usize> {
        let mut walk = self.walk();
        let length = walk.by_ref().count();
        matches!(walk.rest(), Some(Self::Nil)).then_some(length)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printer::written(self))
    }
}

/// A place that holds a value and can be assigned.
///
/// A `Cell` and not a `RefCell`: a place is as large as its value, and there is no borrow that a collection, or a
/// program that changes a list while it walks it, could meet.
#[derive(Default, Trace)]
pub struct Place(Cell<Value>);

impl Place {
    /// A place that holds `value`.
    pub fn new(value: Value) -> Self {
        Self(Cell::new(value))
    }

    /// A copy of the value held.
    pub fn get(&self) -> Value {
        let value = self.0.take();
        let copy = value.clone();
        // What is there meanwhile has nothing to drop.
        mem::forget(self.0.replace(value));
        copy
    }

    /// Holds `value` from now on.
    pub fn set(&self, value: Value) {
        self.0.set(value);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Two values.
#[derive(Debug, Trace)]
pub struct Pair {
    /// The first; of a list, the item.
    pub car: Place,
    /// The second; of a list, the rest.
    pub cdr: Place,
}

/// A row of values. Its length never changes.
#[derive(Debug, Trace)]
pub struct Vector {
    /// The values.
    pub items: Box<[Place]>,
}

/// A string. It never changes, so literals need no copying and keys of tables stay where they are.
#[derive(Debug, Trace)]
pub struct Text {
    #[trace(skip)]
    content: Counted<str>,
    length: usize,
}

impl Text {
    fn new(content: Counted<str>) -> Self {
        Self { length: content.chars().count(), content }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// How many characters there are.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Where the character of that index begins in [`as_str`](Self::as_str), or its end when the index is the length.
    ///
    /// At once for ASCII, else in linear time.
    pub fn byte_index(&self, index: usize) -> usize {
        if self.length == self.content.len() {
            return index;
        }
        self.content.char_indices().nth(index).map_or(self.content.len(), |(at, _)| at)
    }
}

/// An iterator over the links of a list. See [`Value::links`].
#[derive(Debug)]
pub struct Links {
    /// What is left; at the end, what stands in the place of the last `cdr`.
    pub rest: Value,
}

impl Iterator for Links {
    type Item = Gc<Pair>;

    fn next(&mut self) -> Option<Gc<Pair>> {
        let Value::Pair(pair) = &self.rest else { return None };
        let pair = pair.clone();
        self.rest = pair.cdr.get();
        Some(pair)
    }
}

/// An iterator over the links of a list that comes to an end on a circular list, too. See [`Value::walk`].
///
/// A second walker goes at half the speed; on a circle the first one meets it, having seen every link (Floyd).
#[derive(Debug)]
pub struct Walk {
    links: Links,
    slow: Links,
    steps: usize,
    is_circular: bool,
}

impl Walk {
    /// At the end, what stands in the place of the last `cdr`; `None` if the list is circular.
    pub fn rest(&self) -> Option<&Value> {
        if self.is_circular { None } else { Some(&self.links.rest) }
    }
}

impl Iterator for Walk {
    type Item = Gc<Pair>;

    fn next(&mut self) -> Option<Gc<Pair>> {
        if self.is_circular {
            return None;
        }
        let link = self.links.next()?;
        self.steps += 1;
        let is_even = self.steps.is_multiple_of(2);
        self.is_circular = is_even && self.slow.next().is_some_and(|slow| Gc::ptr_eq(&slow, &link));
        if self.is_circular { None } else { Some(link) }
    }
}
