//! rust-cc's `Cc`: counted, cycles found by trial deletion.

use core::cell::RefCell;

use rust_cc::{Cc, Finalize, Trace, collect_cycles};

use crate::gc::collector::{EDGES, FreeHandles, Heap, WithRoots};

pub(crate) type Entry = WithRoots<Nodes>;

#[derive(Finalize, Trace)]
pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Cc<Self>>; EDGES]>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Nodes;

impl Heap for Nodes {
    type Node = Cc<Node>;

    fn make(self, value: u64) -> Self::Node {
        Cc::new(Node { value, edges: RefCell::new([const { None }; EDGES]) })
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
        collect_cycles();
    }
}
