//! How a value tells the collector which objects it holds handles to.

use core::cell::Cell;
use core::fmt;

use crate::candidates::Closure;
use crate::gc::Gc;
use crate::object::ObjectRef;
use crate::partition::{Reached, Subtraction};
use crate::search::edge_buffer::EdgeBuffer;
use crate::sendable::Within;

mod behind_pointer;
mod in_place;
mod named;
mod no_edges;

pub(crate) use named::EdgeName;
pub use named::NamedTracer;

/// A type whose edges, the [`Gc`] handles inside its values, can be enumerated.
///
/// Derive it: `#[derive(Trace)]` reports every field and makes the rest of the contract hold.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use core::cell::RefCell;
/// use mudlark_gc::{Gc, Trace};
///
/// #[derive(Trace)]
/// struct Node {
///     name: String,
///     neighbours: RefCell<Vec<Gc<Node>>>,
/// }
/// # }
/// ```
///
/// A type that reports handles has no destructor, for it could follow them to values that are gone; a
/// [finalizer](crate::Finalize) takes its place:
///
/// ```compile_fail,E0119
/// # use mudlark_gc::{Gc, Trace};
/// #[derive(Trace)]
/// struct Node(Option<Gc<Node>>);
///
/// impl Drop for Node {
///     fn drop(&mut self) {}
/// }
/// ```
///
/// To skip a field that holds handles would keep what they lead to for ever, and is an error where the type has no parameters:
///
/// ```compile_fail,E0080
/// # use mudlark_gc::{Gc, Trace};
/// #[derive(Trace)]
/// struct Node {
///     #[trace(skip)]
///     next: Option<Gc<Node>>,
/// }
/// ```
///
/// The trait takes the place of CPython's `tp_traverse` slot.
///
/// # Safety
///
/// - [`trace`](Trace::trace) reports each handle at most once, only handles that the value itself owns, and always the
///   same ones while the value does not change. A handle that is not reported keeps its object alive for ever, which
///   is a leak; one too many lets a live object be freed.
/// - It neither makes, clones nor drops handles, nor calls a collector, nor changes or borrows mutably anything that holds
///   handles. It may panic, as any function may.
/// - Dropping a value that reports handles does not look at what they lead to, and lets none of them escape: the
///   objects may have been dropped already. A [`finalizer`](Trace::finalizer) may do both.
/// - [`needs_trace`](Trace::needs_trace) is false only when no value of the type ever reports an edge.
/// - [`is_bare`](Trace::is_bare) is true only when a value that is forgotten instead of dropped loses nothing but the
///   handles that it reports, or would report were it not borrowed.
/// - [`is_sendable`](Trace::is_sendable) is true only when all that a value owns may be sent to another thread, but for
///   handles that it reports, or would report were it not borrowed.
/// - [`trace_named`](Trace::trace_named) keeps to the rules for [`trace`](Trace::trace).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be traced",
    note = "add `#[derive(Trace)]` to a type of your own; mark a field of a foreign type that holds no `Gc` with `#[trace(skip)]`"
)]
pub unsafe trait Trace {
    /// Reports every handle that this value owns.
    fn trace(&self, tracer: &mut Tracer<'_>);

    /// Reports the same handles in the same order, each with the name of the field that it is in, for those who look at the
    /// graph: [`Graph`](crate::Graph), [`Chain`](crate::Chain). Collections do not.
    ///
    /// Of what is not overridden, the handles have the name of whatever the value is in.
    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.unnamed(|tracer| self.trace(tracer));
    }

    /// Whether a value of this type can own a handle at all; objects that cannot are not tracked.
    ///
    /// Types that hold others behind a pointer pass `depth` on less one and say yes when it is zero, so that a
    /// recursive type comes to an end.
    #[must_use]
    fn needs_trace(depth: u32) -> bool
    where
        Self: Sized,
    {
        let _ = depth;
        true
    }

    /// Whether to drop a value of this type is to give up the handles that it reports, and nothing else: a type of numbers
    /// and handles in cells, without a `Vec`, a `String` or a skipped field that does something when it is dropped.
    ///
    /// Such values need no destructor where all their handles go with them.
    #[must_use]
    fn is_bare() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether a value of this type may go to another thread together with all objects that its handles lead to: whether
    /// it is [`Send`] but for these handles. See [`Parcel`](crate::Parcel).
    ///
    /// A type passes `within`, the types around it, on to those of its fields. One that may hold values of its own type
    /// [enters](Within::enter) it first, so that this comes to an end.
    ///
    /// A `Box` or `Cow` is only known to be sendable as part of a field that is [`Send`], so not where it holds handles: of
    /// what is in it, nothing says whether it would be but for these.
    #[must_use]
    fn is_sendable(within: &Within<'_>) -> bool
    where
        Self: Sized + 'static,
    {
        let _ = within;
        false
    }

    /// What to run once before a value of this type is dropped, if anything: for a derived type with
    /// `#[trace(finalize)]`, [`Finalize::finalize`](crate::Finalize::finalize).
    #[must_use]
    fn finalizer() -> Option<fn(&Gc<Self>)>
    where
        Self: Sized + 'static,
    {
        None
    }
}

// SAFETY: the one handle that a handle owns is itself.
unsafe impl<T: ?Sized> Trace for Gc<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.edge(self);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.edge(self);
    }

    fn is_bare() -> bool {
        true
    }

    /// What it leads to is looked at by itself.
    fn is_sendable(_: &Within<'_>) -> bool
    where
        Self: 'static,
    {
        true
    }
}

impl fmt::Debug for dyn Trace {
    /// Says no more than that there is a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn Trace")
    }
}

/// Receives the edges that a value reports.
pub struct Tracer<'a> {
    step: Step<'a>,
}

/// What is done with each edge.
enum Step<'a> {
    /// Takes one from the target's external count.
    Subtract(&'a Subtraction),
    /// The target is reachable.
    Spread(&'a Reached),
    /// It is counted; the target is not looked at.
    Tally(&'a Cell<u64>),
    /// The target is worth a look, if it is in the set.
    Close(&'a Closure<'a>),
    /// The target is fetched before it is looked at.
    Buffer(&'a EdgeBuffer<dyn Fn(u32, ObjectRef) + 'a>),
    /// Somebody wants to see it.
    Visit(&'a mut dyn FnMut(ObjectRef)),
}

impl<'a> Tracer<'a> {
    /// Takes each edge from its target's external count.
    pub(crate) fn subtract(subtraction: &'a Subtraction) -> Self {
        Self { step: Step::Subtract(subtraction) }
    }

    /// Marks each target reachable.
    pub(crate) fn spread(reached: &'a Reached) -> Self {
        Self { step: Step::Spread(reached) }
    }

    /// Counts edges.
    pub(crate) fn tally(tally: &'a Cell<u64>) -> Self {
        Self { step: Step::Tally(tally) }
    }

    /// Makes each target a member.
    pub(crate) fn close(closure: &'a Closure<'a>) -> Self {
        Self { step: Step::Close(closure) }
    }

    /// Puts each edge in a queue.
    pub(crate) fn buffer(buffer: &'a EdgeBuffer<dyn Fn(u32, ObjectRef) + 'a>) -> Self {
        Self { step: Step::Buffer(buffer) }
    }

    /// Calls `visit` with each target.
    pub(crate) fn visit(visit: &'a mut dyn FnMut(ObjectRef)) -> Self {
        Self { step: Step::Visit(visit) }
    }

    /// Reports one handle.
    ///
    /// ```
    /// use mudlark_gc::{Gc, Trace, Tracer};
    ///
    /// /// Handles with their sizes.
    /// struct Sized(Vec<(usize, Gc<[u8; 16]>)>);
    ///
    /// // SAFETY: reports each handle once; nothing but handles is dropped with a value.
    /// unsafe impl Trace for Sized {
    ///     fn trace(&self, tracer: &mut Tracer<'_>) {
    ///         self.0.iter().for_each(|(_, handle)| tracer.edge(handle));
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn edge<T: ?Sized>(&mut self, handle: &Gc<T>) {
        let target = handle.object();
        match &self.step {
            Step::Subtract(subtraction) => subtraction.edge(target),
            Step::Spread(reached) => reached.edge(target),
            Step::Tally(tally) => tally.set(tally.get() + 1),
            _ => self.edge_otherwise(target),
        }
    }

    /// The steps that are less common.
    #[inline(never)]
    fn edge_otherwise(&mut self, target: ObjectRef) {
        match &mut self.step {
            Step::Subtract(_) | Step::Spread(_) | Step::Tally(_) => {}
            Step::Close(closure) => closure.edge(target),
            Step::Buffer(buffer) => buffer.edge(target),
            Step::Visit(visit) => visit(target),
        }
    }

    /// Says that the value has handles which it cannot report now, as a `RefCell` that is mutably borrowed has. They
    /// count as held from outside.
    ///
    /// Only a [bare](Trace::is_bare) value has to say so.
    pub fn opaque(&mut self) {
        if let Step::Subtract(subtraction) = &self.step {
            subtraction.opaque.set(true);
        }
    }
}

impl fmt::Debug for Tracer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Subtract(_) => "subtract",
            Step::Spread(_) => "spread",
            Step::Tally(_) => "tally",
            Step::Close(_) => "close",
            Step::Buffer(_) => "buffer",
            Step::Visit(_) => "visit",
        };
        f.debug_struct("Tracer").field("step", &step).finish()
    }
}
