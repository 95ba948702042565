//! The two things that are done most: another handle and away with it; a new object and away with it, which no cycle ever
//! held. (gc-arena's handle is a plain copy, and its objects all wait for a collection.)

use core::hint::black_box;

use crate::gc::collector::{Collector, Heap, Step};
use crate::gc::entry::Entry;
use crate::outcome::{Outcome, timed};

/// `handles` times: clones a handle and drops the clone. One operation is both.
pub(crate) fn clone_and_drop(handles: usize) -> Outcome {
    let mut collector = Entry::new();
    collector.enter(Make(1));
    timed(handles, || collector.enter(Clone(handles)))
}

/// `objects` times: makes a node and drops its only handle. One operation is both.
pub(crate) fn make_and_drop(objects: usize) -> Outcome {
    const A_STEP: usize = 500;
    let steps = objects.div_ceil(A_STEP);
    let mut collector = Entry::new();
    timed(steps * A_STEP, || {
        let sum = (0..steps).map(|_| collector.enter(MakeAndDrop(A_STEP))).sum();
        collector.collect();
        sum
    })
}

struct Make(u64);

impl Step for Make {
    type Output = ();

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) {
        roots.push(heap.make(self.0));
    }
}

struct Clone(usize);

impl Step for Clone {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> u64 {
        let node = black_box(&roots[0]);
        (0..self.0).map(|_| heap.value(&black_box(node.clone()))).sum()
    }
}

struct MakeAndDrop(usize);

impl Step for MakeAndDrop {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, _: &mut Vec<H::Node>) -> u64 {
        (0..self.0 as u64).map(|value| heap.value(&black_box(heap.make(value)))).sum()
    }
}
