//! gc's `Gc`: mark and sweep, with roots found by counting handles outside the heap.

use gc::{Finalize, Gc, GcCell, Trace, force_collect};

use crate::gc::collector::EDGES;
use crate::gc::free_handles::{FreeHandles, nodes};

#[derive(Finalize, Trace)]
pub(crate) struct Node {
    value: u64,
    edges: GcCell<[Option<Gc<Self>>; EDGES]>,
}

nodes!(Gc in GcCell);

impl FreeHandles for Nodes {
    fn collect() {
        force_collect();
    }
}
