//! Finalizers.

/// What a value does once before it is dropped.
///
/// A type with `#[derive(Trace)] #[trace(finalize)]` has its finalizer run when its last handle is dropped or when it
/// is found to be garbage. All handles inside it still lead to intact values, so it may do what a destructor, which a
/// traced type may not have, could not. If it stores a handle to the object where it can be reached, the object is
/// *resurrected*: it lives on, and its finalizer will not run again (PEP 442). A finalizer that needs a handle to its
/// own object is a function: `#[trace(finalize = Door::last_words)]` with `fn last_words(this: &Gc<Door>)`.
///
/// In a collection the weak handles to all garbage are dead before the first finalizer runs, and finalizers run in the
/// order in which the objects lie in their generation, oldest first.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use std::{cell::RefCell, rc::Rc};
/// use mudlark_gc::{Collector, Finalize, Gc, Generation, Trace};
///
/// #[derive(Trace)]
/// #[trace(finalize)]
/// struct Door {
///     log: Rc<RefCell<Vec<&'static str>>>,
///     other_side: RefCell<Option<Gc<Door>>>,
/// }
///
/// impl Finalize for Door {
///     fn finalize(&self) {
///         self.log.borrow_mut().push("closed");
///     }
/// }
///
/// let collector = Collector::new();
/// let log = Rc::default();
/// let door = Gc::new_in(Door { log: Rc::clone(&log), other_side: RefCell::default() }, &collector);
/// *door.other_side.borrow_mut() = Some(door.clone());
/// drop(door);
/// assert!(log.borrow().is_empty());
/// collector.collect(Generation::Old);
/// assert_eq!(*log.borrow(), ["closed"]);
/// # }
/// ```
pub trait Finalize {
    /// Runs at most once for each value.
    ///
    /// A panic does not stop a collection; it resumes when the collection, or the outermost drop, is done. Without the
    /// feature `std`, where nothing can catch it, it ends the program.
    fn finalize(&self);
}
