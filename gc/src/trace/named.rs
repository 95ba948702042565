//! The names of edges: in which field of a value a handle is.
//!
//! ```text
//!   struct Node { parent: …, children: RefCell<Vec<Option<Gc<Node>>>> }
//!                                │                        │
//!                              field ──▶ element 3 ──▶ edge        «children[3]»
//! ```
//!
//! A name is a chain of parts on the stack, from the handle outwards. It becomes text only where somebody wants it, so values
//! without handles in them cost nothing.

use core::fmt;

use crate::gc::Gc;
use crate::object::ObjectRef;
use crate::trace::{Trace, Tracer};

/// What the last part of a name is.
#[derive(Clone, Copy)]
enum Part {
    /// The object itself.
    Object,
    Field(&'static str),
    Element(usize),
    /// Of a map.
    Key(usize),
    /// What some weak map has for the object.
    Attachment,
}

/// Where a handle is inside of an object: `neighbours[3]`, `Branch.left`; nothing where the object is the handle.
#[derive(Clone, Copy)]
pub(crate) struct EdgeName<'a> {
    part: Part,
    /// What that is in.
    within: Option<&'a EdgeName<'a>>,
}

impl EdgeName<'_> {
    const OBJECT: Self = Self { part: Part::Object, within: None };

    fn is_object(&self) -> bool {
        matches!(self.part, Part::Object)
    }
}

impl fmt::Display for EdgeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.within.map_or(Ok(()), |within| within.fmt(f))?;
        let is_first = self.within.is_none_or(EdgeName::is_object);
        match self.part {
            Part::Object => Ok(()),
            Part::Field(name) if is_first => f.write_str(name),
            Part::Field(name) => write!(f, ".{name}"),
            Part::Element(index) => write!(f, "[{index}]"),
            Part::Key(index) if is_first => write!(f, "keys[{index}]"),
            Part::Key(index) => write!(f, ".keys[{index}]"),
            Part::Attachment => f.write_str("(weak map)"),
        }
    }
}

/// Receives each edge with its name.
type Visit<'a> = dyn FnMut(ObjectRef, &EdgeName<'_>) + 'a;

/// Receives the edges that a value reports by [`Trace::trace_named`], with the names of the fields they are in.
///
/// ```
/// use mudlark_gc::{Gc, NamedTracer, Trace, Tracer};
///
/// /// Handles with their sizes.
/// struct Sized(Vec<(usize, Gc<[u8; 16]>)>);
///
/// // SAFETY: reports each handle once; nothing but handles is dropped with a value.
/// unsafe impl Trace for Sized {
///     fn trace(&self, tracer: &mut Tracer<'_>) {
///         self.0.iter().for_each(|(_, handle)| tracer.edge(handle));
///     }
///
///     fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
///         self.0.iter().enumerate().for_each(|(index, (_, handle))| tracer.element(index, handle));
///     }
/// }
/// ```
pub struct NamedTracer<'a> {
    name: EdgeName<'a>,
    visit: &'a mut Visit<'a>,
}

impl<'a> NamedTracer<'a> {
    /// Has `visit` called with each edge of an object.
    pub(crate) fn new(visit: &'a mut Visit<'a>) -> Self {
        Self { name: EdgeName::OBJECT, visit }
    }
}

impl NamedTracer<'_> {
    /// Reports the edges of a field: `name`, or `Variant.name`, or a number.
    #[inline]
    pub fn field(&mut self, name: &'static str, value: &(impl Trace + ?Sized)) {
        self.part(Part::Field(name), value);
    }

    /// Reports the edges of an element of a sequence or set, or of a value in a map: `[index]`, counted as it iterates.
    #[inline]
    pub fn element(&mut self, index: usize, value: &(impl Trace + ?Sized)) {
        self.part(Part::Element(index), value);
    }

    /// Reports the edges of a key in a map: `keys[index]`.
    #[inline]
    pub fn key(&mut self, index: usize, value: &(impl Trace + ?Sized)) {
        self.part(Part::Key(index), value);
    }

    /// Reports one handle, which has the name of what it is in.
    #[inline]
    pub fn edge<T: ?Sized>(&mut self, handle: &Gc<T>) {
        (self.visit)(handle.object(), &self.name);
    }

    /// Lets `report` report handles that have no names of their own.
    pub fn unnamed(&mut self, report: impl FnOnce(&mut Tracer<'_>)) {
        let Self { name, visit } = self;
        report(&mut Tracer::visit(&mut |target| visit(target, name)));
    }

    /// Reports the edges of what a weak map has for the object.
    pub(crate) fn attachment(&mut self, value: &dyn Trace) {
        self.part(Part::Attachment, value);
    }

    #[inline]
    fn part(&mut self, part: Part, value: &(impl Trace + ?Sized)) {
        value.trace_named(&mut self.inside(part));
    }

    #[inline]
    fn inside(&mut self, part: Part) -> NamedTracer<'_> {
        NamedTracer { name: EdgeName { part, within: Some(&self.name) }, visit: &mut *self.visit }
    }

    /// [`field`](Self::field) for the derive, which asks for the trait where the compiler has complained already.
    #[doc(hidden)]
    #[inline]
    pub fn __inside(&mut self, field: &'static str) -> NamedTracer<'_> {
        self.inside(Part::Field(field))
    }
}

impl fmt::Debug for NamedTracer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedTracer").field("name", &format_args!("{}", self.name)).finish_non_exhaustive()
    }
}
