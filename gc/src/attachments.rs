//! Attachments: what weak maps have for one key, kept at the key.
//!
//! A value that is to live as long as its key belongs to the key: it is traced with it, and dropped when it dies. So a
//! value's edge back to its key is an edge from the key to itself, and collections need to know nothing of weak maps. (Hayes
//! calls a pair whose value counts only while its key is reachable an *ephemeron*.)

use core::cell::RefCell;
use core::cmp::Ordering;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;

use crate::trace::{NamedTracer, Trace, Tracer};

/// Names a weak map. While a map's values are about, no other map has its name, as they keep it.
#[derive(Clone)]
pub(crate) struct MapId(Rc<()>);

impl MapId {
    pub(crate) fn new() -> Self {
        Self(Rc::new(()))
    }

    fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }
}

impl PartialEq for MapId {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for MapId {}

impl PartialOrd for MapId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MapId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.address().cmp(&other.address())
    }
}

/// The values that weak maps have for one object.
///
/// None is dropped in here, as that may run anything.
#[derive(Default)]
pub(crate) struct Attachments(RefCell<BTreeMap<MapId, Box<dyn Trace>>>);

impl Attachments {
    /// Puts a value in, and returns the one that was there.
    pub(crate) fn insert(&self, map: &MapId, value: Box<dyn Trace>) -> Option<Box<dyn Trace>> {
        self.0.borrow_mut().insert(map.clone(), value)
    }

    pub(crate) fn remove(&self, map: &MapId) -> Option<Box<dyn Trace>> {
        self.0.borrow_mut().remove(map)
    }

    /// Takes some value out, while there is one.
    pub(crate) fn take_any(&self) -> Option<Box<dyn Trace>> {
        self.0.borrow_mut().pop_last().map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, map: &MapId) -> bool {
        self.0.borrow().contains_key(map)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// What `read` makes of a map's value. It must not change what is attached to the same object.
    pub(crate) fn read<R>(&self, map: &MapId, read: impl FnOnce(&dyn Trace) -> R) -> Option<R> {
        self.0.borrow().get(map).map(|value| read(&**value))
    }

    /// Reports the edges of all values.
    pub(crate) fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.borrow().values().for_each(|value| value.trace(tracer));
    }

    /// Reports the edges of all values with their names.
    pub(crate) fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.0.borrow().values().for_each(|value| tracer.attachment(&**value));
    }
}
