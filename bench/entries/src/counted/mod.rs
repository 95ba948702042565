//! Group counted: counted pointers.
//!
//! All entries are on the system's malloc, so that it is the pointers that differ. Std's and triomphe's `Arc` count with
//! atomic instructions and may cross threads; the others do not, and are here for programs that need not.

mod entry;
mod handles;
mod shapes;
mod size;
mod walk;

use crate::workload::Workload;
use crate::{empty, stack};

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::new("clone-drop", |scale| handles::clone_and_drop(scale.of(HANDLES)))
        .counted(|scale| empty::run(scale.of(HANDLES))),
    Workload::new("make-drop", |scale| handles::make_and_drop(scale.of(OBJECTS)))
        .counted(|scale| empty::run(scale.of(OBJECTS))),
    Workload::new("deref-walk", |scale| walk::run(scale.of(10_000_000))),
    Workload::new("drop-list", |scale| stack::large(move || shapes::drop_lists(scale.of(5_000_000)))),
    Workload::new("drop-tree", |scale| shapes::drop_trees(scale.of(5_000_000))),
    Workload::new("drop-long-list", |scale| stack::usual(move || shapes::drop_long_list(scale.held(1_000_000)))),
    Workload::new("object-size", |scale| size::run(scale.of(2_000_000))),
];

// Operations of a full run, and of its empty loop.
const HANDLES: usize = 100_000_000;
const OBJECTS: usize = 20_000_000;
