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
mod garbage;
mod handles;
mod live;
mod shapes;
mod size;

use std::thread;

use crate::outcome::Outcome;
use crate::workload::Workload;

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::counted_too("clone-drop", |scale| handles::clone_and_drop(scale.of(50_000_000))),
    Workload::counted_too("make-drop", |scale| handles::make_and_drop(scale.of(5_000_000))),
    Workload::new("binary-trees", |scale| on_large_stack(move || garbage::trees(scale.of(2_000_000)))),
    Workload::new("rings-2", |scale| on_large_stack(move || garbage::rings(2, scale.of(2_000_000)))),
    Workload::new("rings-10", |scale| on_large_stack(move || garbage::rings(10, scale.of(2_000_000)))),
    Workload::new("rings-100", |scale| on_large_stack(move || garbage::rings(100, scale.of(2_000_000)))),
    Workload::new("document", |scale| on_large_stack(move || garbage::documents(scale.of(2_000_000)))),
    Workload::new("random-graph", |scale| on_large_stack(move || garbage::random_graph(scale.of(400_000)))),
    Workload::new("young-rings", |scale| {
        on_large_stack(move || live::young_rings(scale.of(1_000_000), scale.of(2_000_000)))
    }),
    Workload::new("rewire", |scale| on_large_stack(move || live::rewire(scale.of(200_000), scale.of(2_000_000)))),
    Workload::new("churn", |scale| on_large_stack(move || live::churn(scale.of(500_000), scale.of(1_000_000)))),
    Workload::new("drop-long-list", |scale| on_stack(USUAL_STACK, move || garbage::long_list(scale.of(2_000_000)))),
    Workload::new("object-size", |scale| on_large_stack(move || size::run(scale.of(1_000_000)))),
];

/// Enough for a recursion over every node of the largest graph.
const LARGE_STACK: usize = 1 << 30;
/// What a program's main thread has on Linux.
const USUAL_STACK: usize = 8 << 20;

fn on_large_stack(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    on_stack(LARGE_STACK, work)
}

fn on_stack(size: usize, work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let thread = thread::Builder::new().stack_size(size).spawn(work).expect("a thread can be had");
    thread.join().expect("no panics")
}
