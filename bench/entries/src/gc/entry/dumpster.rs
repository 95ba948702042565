//! dumpster's `unsync::Gc`: counted, cycles found from the handles dropped since the last collection.

use core::cell::RefCell;

use dumpster::Trace;
use dumpster::unsync::{self, Gc};

use crate::gc::collector::{EDGES, FreeHandles, Heap, WithRoots};

pub(crate) type Entry = WithRoots<Nodes>;

#[derive(Trace)]
pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Gc<Self>>; EDGES]>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Nodes;

impl Heap for Nodes {
    type Node = Gc<Node>;

    fn make(self, value: u64) -> Self::Node {
        Gc::new(Node { value, edges: RefCell::new([const { None }; EDGES]) })
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
        unsync::collect();
    }
}
