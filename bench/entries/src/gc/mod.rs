//! Group gc: garbage collectors.
//!
//! A node has a number and three edges, so one kind of object makes all the graphs; see [`collector`] for what an entry
//! must be able to do. All entries are on the system's malloc. Every workload runs on a thread with a very large stack,
//! for some collectors recurse as deep as a graph; only `drop-long-list` has a usual one, and is there to show it.
//!
//! A collector that starts by itself does so here as it comes, with its own thresholds. Workloads that make nothing but
//! garbage end with a full collection inside the time, so that nobody wins by leaving it.

mod collector;
mod entry;
#[cfg(not(feature = "gc-gc-arena"))]
mod free_handles;
mod garbage;
mod handles;
mod live;
mod shapes;
mod size;

use crate::workload::Workload;
use crate::{empty, stack};

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::new("clone-drop", |scale| handles::clone_and_drop(scale.of(HANDLES)))
        .counted(|scale| empty::run(scale.of(HANDLES))),
    Workload::new("make-drop", |scale| handles::make_and_drop(scale.of(OBJECTS)))
        .counted(|scale| empty::run(scale.of(OBJECTS))),
    Workload::new("binary-trees", |scale| stack::large(move || garbage::trees(scale.of(2_000_000)))),
    Workload::new("rings-2", |scale| stack::large(move || garbage::rings(2, scale.of(2_000_000)))),
    Workload::new("rings-10", |scale| stack::large(move || garbage::rings(10, scale.of(2_000_000)))),
    Workload::new("rings-100", |scale| stack::large(move || garbage::rings(100, scale.of(2_000_000)))),
    Workload::new("document", |scale| stack::large(move || garbage::documents(scale.of(2_000_000)))),
    Workload::new("random-graph", |scale| stack::large(move || garbage::random_graph(scale.of(400_000)))),
    Workload::new("young-rings", |scale| {
        stack::large(move || live::young_rings(scale.of(1_000_000), scale.of(2_000_000)))
    }),
    Workload::new("rewire", |scale| stack::large(move || live::rewire(scale.of(200_000), scale.of(2_000_000)))),
    Workload::new("churn", |scale| stack::large(move || live::churn(scale.of(500_000), scale.of(1_000_000)))),
    Workload::new("drop-long-list", |scale| stack::usual(move || garbage::long_list(scale.held(1_000_000)))),
    Workload::new("beside-10000", |scale| {
        stack::large(move || live::young_rings(scale.held(10_000), scale.of(BESIDE)))
    }),
    Workload::new("beside-100000", |scale| {
        stack::large(move || live::young_rings(scale.held(100_000), scale.of(BESIDE)))
    }),
    Workload::new("beside-1000000", |scale| {
        stack::large(move || live::young_rings(scale.held(1_000_000), scale.of(BESIDE)))
    }),
    Workload::new("beside-10000000", |scale| {
        stack::large(move || live::young_rings(scale.held(10_000_000), scale.of(BESIDE)))
    })
    .long(),
    Workload::new("object-size", |scale| stack::large(move || size::run(scale.of(1_000_000)))),
];

// Operations of a full run, and of its empty loop.
const HANDLES: usize = 50_000_000;
const OBJECTS: usize = 5_000_000;
/// Young nodes of each point of the curve.
const BESIDE: usize = 1_000_000;
