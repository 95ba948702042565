//! bacon_rajan_cc's `Cc`: counted, cycles found by trial deletion (Bacon and Rajan, 2001). It never collects unless it is
//! told to; here that is after every ten thousand nodes made, a choice of this entry.

use core::cell::{Cell, RefCell};

use bacon_rajan_cc::{Cc, Trace, Tracer, collect_cycles};

use crate::gc::collector::EDGES;
use crate::gc::free_handles::{FreeHandles, nodes};

pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Cc<Self>>; EDGES]>,
}

nodes!(Cc in RefCell);

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

impl FreeHandles for Nodes {
    fn collect() {
        MADE.set(0);
        collect_cycles();
    }

    fn making() {
        MADE.set(MADE.get() + 1);
    }

    fn after_step() {
        if MADE.get() >= PERIOD {
            Self::collect();
        }
    }
}
