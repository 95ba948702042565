//! Mudlark's `Gc`: counted, cycles found by a generational collector.

use core::cell::RefCell;

use mudlark_gc::{Collector, Gc, Generation, Trace};

use crate::gc::collector::EDGES;
use crate::gc::free_handles::{FreeHandles, nodes};

#[derive(Trace)]
pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Gc<Self>>; EDGES]>,
}

nodes!(Gc in RefCell);

impl FreeHandles for Nodes {
    fn collect() {
        Collector::current().collect(Generation::Old);
    }
}
