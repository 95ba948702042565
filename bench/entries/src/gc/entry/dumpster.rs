//! dumpster's `unsync::Gc`: counted, cycles found from the handles dropped since the last collection.

use core::cell::RefCell;

use dumpster::Trace;
use dumpster::unsync::{self, Gc};

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
        unsync::collect();
    }
}
