//! Parcels: a collector and all its objects, on their way to another thread.
//!
//! A count is not atomic, so an object may be in one thread only. But if every handle to every object of a collector is
//! inside another of its objects, and one is in the parcel, then nobody is left who could use an object here, and the
//! whole may go:
//!
//! ```text
//!   this thread          │ parcel ─▶ collector           the other thread
//!   no handle, no weak   │     │     │ │ │
//!   handle, no observer  │     └───▶ a─b─c ... closed   ──▶  (collector, root)
//! ```
//!
//! That all handles are inside is not promised by anybody, but counted: the edges that the objects report are compared with
//! their strong counts, as a collection does. That what they hold besides may be sent is known [of each
//! type](crate::Trace::is_sendable).

use core::fmt;

use alloc::vec::Vec;

use crate::collector::Collector;
use crate::count_word::Flags;
use crate::gc::Gc;
use crate::object::ObjectRef;
use crate::sendable::Within;
use crate::state::State;
use crate::trace::Tracer;

/// A collector with all its objects, and a handle to one of them, which may go to another thread.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use core::cell::RefCell;
/// use mudlark_gc::{Collector, Gc, Generation, Parcel, Trace};
///
/// #[derive(Trace)]
/// struct Node {
///     name: String,
///     next: RefCell<Option<Gc<Node>>>,
/// }
///
/// let collector = Collector::new();
/// let node = |name: &str| Gc::new_in(Node { name: name.into(), next: RefCell::default() }, &collector);
/// let (ebb, flow) = (node("ebb"), node("flow"));
/// *ebb.next.borrow_mut() = Some(flow.clone());
/// *flow.next.borrow_mut() = Some(ebb.clone());
/// drop(flow);
///
/// let parcel = Parcel::pack(collector, ebb).expect("nobody else has a handle");
/// std::thread::spawn(|| {
///     let (collector, ebb) = parcel.unpack();
///     assert_eq!(ebb.next.borrow().as_ref().unwrap().name, "flow");
///     drop(ebb);
///     assert_eq!(collector.collect(Generation::Old), 2);
/// });
/// # }
/// ```
///
/// A parcel that is dropped unpacked drops its objects in the thread where that happens.
///
/// # Invariants
///
/// All handles to the collector, to its objects, and into its state are in here or inside the objects, there are no weak
/// ones, and the types of all objects are [sendable](crate::Trace::is_sendable). The collector shares with nobody what is
/// otherwise its thread's.
pub struct Parcel<T: ?Sized + 'static> {
    /// There until it is unpacked.
    contents: Option<(Collector, Gc<T>)>,
}

// SAFETY: by the type's invariant nothing in another thread leads to what is inside, and what is inside may be sent.
unsafe impl<T: ?Sized> Send for Parcel<T> {}

/// Why a collector stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The root is another collector's object.
    OtherCollector,
    /// There are other handles to the collector, as a thread has to its own, or it is at work.
    InUse,
    /// An observer, a debug output or saved garbage belongs to it.
    Observed,
    /// There is a handle to an object of this type that is in no object of this collector, or is not reported by its
    /// [`Trace`](crate::Trace); or the object is about to be dropped.
    HeldFromOutside(&'static str),
    /// There are weak handles to an object of this type.
    WeakHandles(&'static str),
    /// An object leads to another collector's object of this type.
    LeadsOutside(&'static str),
    /// Values of this type may not be sent, or are not [known](crate::Trace::is_sendable) to be.
    NotSendable(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCollector => f.write_str("the root belongs to another collector"),
            Self::InUse => f.write_str("the collector is in use"),
            Self::Observed => f.write_str("the collector has an observer, a debug output or saved garbage"),
            Self::HeldFromOutside(name) => write!(f, "a handle to a {name} is outside of the collector's objects"),
            Self::WeakHandles(name) => write!(f, "a {name} has weak handles"),
            Self::LeadsOutside(name) => write!(f, "an object leads to a {name} of another collector"),
            Self::NotSendable(name) => write!(f, "a {name} is not known to be `Send`"),
        }
    }
}

/// What could not be packed, unharmed.
pub struct NotPacked<T: ?Sized + 'static> {
    /// The collector.
    pub collector: Collector,
    /// The handle that was to go with it.
    pub root: Gc<T>,
    /// Why not.
    pub reason: Refusal,
}

impl<T: ?Sized> fmt::Debug for NotPacked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotPacked").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<T: ?Sized> fmt::Display for NotPacked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<T: ?Sized> core::error::Error for NotPacked<T> {}

impl<T: ?Sized> Parcel<T> {
    /// Packs a collector and all its objects; `root` is for whoever unpacks it. Several roots fit one object.
    ///
    /// A search that is running ends. Takes time in proportion to the objects and their edges, times the logarithm of their
    /// number, and memory for a pointer an edge.
    ///
    /// # Errors
    ///
    /// [`NotPacked`] with collector and root, when something would be left behind, or may not be sent.
    ///
    /// # Panics
    ///
    /// When a `trace` does; collector and root are dropped then.
    pub fn pack(collector: Collector, root: Gc<T>) -> Result<Self, NotPacked<T>> {
        if let Err(reason) = check(&collector, root.object()) {
            return Err(NotPacked { collector, root, reason });
        }
        // SAFETY: as has been checked, there is one reference to the state, and no code up the stack is at work on it or
        // one of its objects, which would be a reference, or the object held from outside.
        unsafe { collector.state().leave_thread() };
        // INVARIANT: as has been checked, and just seen to.
        Ok(Self { contents: Some((collector, root)) })
    }

    /// The collector and the root, which belong to this thread from now on.
    #[must_use]
    pub fn unpack(mut self) -> (Collector, Gc<T>) {
        let Some(contents) = self.take() else { unreachable!("only this takes the contents, and it takes the parcel") };
        contents
    }

    fn take(&mut self) -> Option<(Collector, Gc<T>)> {
        let contents = self.contents.take();
        if let Some((collector, _)) = &contents {
            // SAFETY: by the type's invariant nobody else refers to the state.
            unsafe { collector.state().enter_thread() };
        }
        contents
    }
}

impl<T: ?Sized> Drop for Parcel<T> {
    fn drop(&mut self) {
        if let Some((collector, root)) = self.take() {
            drop(root);
            drop(collector);
        }
    }
}

impl<T: ?Sized> fmt::Debug for Parcel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parcel(..)")
    }
}

/// Whether collector and objects may go, with `root` as the only handle outside of them.
fn check(collector: &Collector, root: ObjectRef) -> Result<(), Refusal> {
    let state = collector.state();
    if root.state() != state.pointer() {
        return Err(Refusal::OtherCollector);
    }
    if state.is_shared() || state.collecting.get() {
        return Err(Refusal::InUse);
    }
    if state.is_observed() {
        return Err(Refusal::Observed);
    }
    check_types(state)?;
    state.guarded(|| state.end_search());
    let mut handles = edges(state);
    handles.push(root);
    handles.sort_unstable_by_key(|object| object.address());
    let mut objects = 0;
    for handles in handles.chunk_by(|one, other| one == other) {
        check_object(state, handles[0], handles.len())?;
        objects += 1;
    }
    if objects < state.objects() {
        return Err(Refusal::HeldFromOutside(stranger(state, &handles)));
    }
    Ok(())
}

/// Whether the values of all objects that there are may be sent.
fn check_types(state: &State) -> Result<(), Refusal> {
    let mut result = Ok(());
    state.types.for_each(|info| {
        if info.live.get() > 0 && !(info.vtable.is_sendable)(&Within::NOTHING) {
            result = Err(Refusal::NotSendable((info.vtable.type_name)()));
        }
    });
    result
}

/// The targets of all edges of all objects, one an edge.
fn edges(state: &State) -> Vec<ObjectRef> {
    let mut edges = Vec::new();
    let mut tracer_target = |target| edges.push(target);
    let mut tracer = Tracer::visit(&mut tracer_target);
    state.generations.everything().for_each(|object| object.trace(&mut tracer));
    edges
}

/// Whether an object may go to which so many handles were found.
fn check_object(state: &State, object: ObjectRef, handles: usize) -> Result<(), Refusal> {
    let name = (object.vtable().type_name)();
    if !core::ptr::eq(object.state().as_ptr(), state) {
        return Err(Refusal::LeadsOutside(name));
    }
    if object.word().has(Flags::WEAK) {
        return Err(Refusal::WeakHandles(name));
    }
    if object.word().is_immortal() || object.word().count() as usize != handles {
        return Err(Refusal::HeldFromOutside(name));
    }
    Ok(())
}

/// The type of an object that no handle leads to which was found, if it is known.
fn stranger(state: &State, handles: &[ObjectRef]) -> &'static str {
    let is_found =
        |object: &ObjectRef| handles.binary_search_by_key(&object.address(), |other| other.address()).is_ok();
    let stranger = state.generations.everything().find(|object| !is_found(object));
    stranger.map_or("value without handles of its own", |object| (object.vtable().type_name)())
}
