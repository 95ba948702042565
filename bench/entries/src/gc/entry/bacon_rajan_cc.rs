//! bacon_rajan_cc's `Cc`: counted, cycles found by trial deletion (Bacon and Rajan, 2001). It never collects unless it is
//! told to; here that is after every ten thousand nodes made, a choice of this entry.

use core::cell::{Cell, RefCell};

use bacon_rajan_cc::{Cc, Trace, Tracer, collect_cycles};

use crate::gc::collector::{EDGES, FreeHandles, Heap, WithRoots};

pub(crate) type Entry = WithRoots<Nodes>;

pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Cc<Self>>; EDGES]>,
}

impl Trace for Node {
    fn trace(&self, tracer: &mut Tracer) {
        for edge in self.edges.borrow().iter().flatten() {
            edge.trace(tracer);
        }
    }
}

/// Nodes made between two collections.
const PERIOD: u32 = 10_000;

thread_local! {
    /// Nodes made since the last one.
    static MADE: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Nodes;

impl Heap for Nodes {
    type Node = Cc<Node>;

    fn make(self, value: u64) -> Self::Node {
        MADE.set(MADE.get() + 1);
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
        MADE.set(0);
        collect_cycles();
    }

    fn after_step() {
        if MADE.get() >= PERIOD {
            Self::collect();
        }
    }
}
