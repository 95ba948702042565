//! boa_gc's `Gc`: mark and sweep, with roots found by counting handles outside the heap.

use boa_gc::{Finalize, Gc, GcRefCell, Trace, force_collect};

use crate::gc::collector::EDGES;
use crate::gc::free_handles::{FreeHandles, nodes};

#[derive(Finalize, Trace)]
pub(crate) struct Node {
    value: u64,
    edges: GcRefCell<[Option<Gc<Self>>; EDGES]>,
}

nodes!(Gc in GcRefCell);

impl FreeHandles for Nodes {
    fn collect() {
        force_collect();
    }
}
