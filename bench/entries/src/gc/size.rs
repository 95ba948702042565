//! What an object costs in memory: many nodes without edges are made and held, and the memory the process has gained is
//! shared out among them. A node's value is of 40 bytes (in CPython it is whatever it takes there). Header, what the
//! collector keeps beside it and what malloc adds are all in it. One operation is a node made.

use crate::gc::collector::{Collector, Heap, Step};
use crate::gc::entry::Entry;
use crate::memory;
use crate::outcome::{Outcome, timed};

/// Makes `objects` nodes.
pub(crate) fn run(objects: usize) -> Outcome {
    let mut collector = Entry::new();
    let before = memory::resident();
    let mut handles = 0;
    let outcome = timed(objects, || {
        handles = collector.enter(Reserve(objects));
        collector.enter(Fill(objects))
    });
    let gained = memory::resident().saturating_sub(before).saturating_sub(handles);
    core::mem::forget(collector);
    outcome.with("bytes an object", gained as f64 / objects as f64)
}

/// Makes room for roots; returns how many bytes they take, which are not the objects'.
struct Reserve(usize);

impl Step for Reserve {
    type Output = usize;

    fn run<H: Heap>(self, _: H, roots: &mut Vec<H::Node>) -> usize {
        roots.reserve_exact(self.0);
        self.0 * size_of::<H::Node>()
    }
}

struct Fill(usize);

impl Step for Fill {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> u64 {
        roots.extend((0..self.0 as u64).map(|value| heap.make(value)));
        roots.iter().map(|node| heap.value(node)).sum()
    }
}
