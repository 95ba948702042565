//! rust-cc's `Cc`: counted, cycles found by trial deletion.

use core::cell::RefCell;

use rust_cc::{Cc, Finalize, Trace, collect_cycles};

use crate::gc::collector::EDGES;
use crate::gc::free_handles::{FreeHandles, nodes};

#[derive(Finalize, Trace)]
pub(crate) struct Node {
    value: u64,
    edges: RefCell<[Option<Cc<Self>>; EDGES]>,
}

nodes!(Cc in RefCell);

impl FreeHandles for Nodes {
    fn collect() {
        collect_cycles();
    }
}
