//! boa_gc's `Gc`: mark and sweep, with roots found by counting handles outside the heap.

use boa_gc::{Finalize, Gc, GcRefCell, Trace, force_collect};

use crate::gc::collector::{EDGES, FreeHandles, Heap, WithRoots};

pub(crate) type Entry = WithRoots<Nodes>;

#[derive(Finalize, Trace)]
pub(crate) struct Node {
    value: u64,
    edges: GcRefCell<[Option<Gc<Self>>; EDGES]>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Nodes;

impl Heap for Nodes {
    type Node = Gc<Node>;

    fn make(self, value: u64) -> Self::Node {
        Gc::new(Node { value, edges: GcRefCell::new([const { None }; EDGES]) })
    }

    fn link(self, from: &Self::Node, edge: usize, to: &Self::Node) {
        from.edges.borrow_mut()[edge] = Some(to.clone());
    }

    fn follow(self, from: &Self::Node, edge: usize) -> Option<Self::Node> {
        from.edges.borrow()[edge].clone()
    }

    fn value(self, node: &Self::Node) -> u64 {
        node.value
    }
}

impl FreeHandles for Nodes {
    fn collect() {
        force_collect();
    }
}
