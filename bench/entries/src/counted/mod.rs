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

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::counted_too("clone-drop", |scale| handles::clone_and_drop(scale.of(100_000_000))),
    Workload::counted_too("make-drop", |scale| handles::make_and_drop(scale.of(20_000_000))),
    Workload::new("deref-walk", |scale| walk::run(scale.of(10_000_000))),
    Workload::new("drop-list", |scale| shapes::drop_lists(scale.of(5_000_000))),
    Workload::new("drop-tree", |scale| shapes::drop_trees(scale.of(5_000_000))),
    Workload::new("drop-long-list", |scale| shapes::drop_long_list(scale.of(2_000_000))),
    Workload::new("object-size", |scale| size::run(scale.of(2_000_000))),
];
