//! A script's named handles.

use core::cell::RefCell;
use core::mem;

use mudlark_gc::{Collector, Gc, Trace};

use super::node::Node;

/// The handles by name, in the order in which the names came.
///
/// CPython's own driver keeps them in a dict, which its collector sees: the dict is tracked from the first entry on,
/// until an old collection finds it empty, and the order in which it leads to its values decides the order in which
/// some finalizers run. So here it is an object too.
pub(super) struct Handles {
    collector: Collector,
    table: Option<Gc<Table>>,
}

/// Few enough names that a search in order does.
#[derive(Default, Trace)]
struct Table {
    entries: RefCell<Vec<(String, Gc<Node>)>>,
}

impl Handles {
    pub(super) fn new(collector: Collector) -> Self {
        Self { collector, table: None }
    }

    pub(super) fn get(&self, name: &str) -> Result<Gc<Node>, String> {
        let find = |table: &Gc<Table>| {
            table.entries.borrow().iter().find(|(other, _)| other == name).map(|(_, node)| node.clone())
        };
        self.table.as_ref().and_then(find).ok_or_else(|| no_handle(name))
    }

    /// Gives `node` a name, and returns the node that had it.
    pub(super) fn insert(&mut self, name: &str, node: Gc<Node>) -> Option<Gc<Node>> {
        let table = self.table.get_or_insert_with(|| Gc::new_in(Table::default(), &self.collector));
        let mut entries = table.entries.borrow_mut();
        match entries.iter_mut().find(|(other, _)| other == name) {
            Some((_, place)) => Some(mem::replace(place, node)),
            None => {
                entries.push((name.to_string(), node));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<Gc<Node>, String> {
        let mut entries = self.table.as_ref().ok_or_else(|| no_handle(name))?.entries.borrow_mut();
        let index = entries.iter().position(|(other, _)| other == name).ok_or_else(|| no_handle(name))?;
        Ok(entries.remove(index).1)
    }

    /// An old collection untracks an empty dict.
    pub(super) fn forget_if_empty(&mut self) {
        if self.table.as_ref().is_some_and(|table| table.entries.borrow().is_empty()) {
            self.table = None;
        }
    }

    /// All handles, to be dropped.
    pub(super) fn take(&mut self) -> impl Sized + use<> {
        self.table.take()
    }
}

fn no_handle(name: &str) -> String {
    format!("no handle {name}")
}
