//! Workloads beside a live heap: what a collector does about objects that are not garbage. A race that is not a full one
//! has a smaller heap.

use core::time::Duration;
use std::time::Instant;

use crate::gc::collector::{Collector, EDGES, Heap, Step};
use crate::gc::entry::Entry;
use crate::gc::shapes;
use crate::outcome::{Outcome, timed};
use crate::random::Random;

const RING: usize = 10;

/// A live heap of `live` nodes, a random graph, and a steady stream of rings that die young, `young` nodes in all. One
/// operation is a young node; `longest pause` is the longest time that one ring took, with whatever the collector did
/// meanwhile.
pub(crate) fn young_rings(live: usize, young: usize) -> Outcome {
    let mut collector = Entry::new();
    collector.enter(Graph(live));
    let rings = young.div_ceil(RING);
    let mut longest = Duration::ZERO;
    let outcome = timed(rings * RING, || {
        let mut sum = 0;
        for _ in 0..rings {
            let start = Instant::now();
            sum += collector.enter(YoungRing);
            longest = longest.max(start.elapsed());
        }
        sum
    });
    // The live heap is left to the end of the process.
    core::mem::forget(collector);
    outcome.with("longest pause, µs", longest.as_nanos() as f64 / 1000.0)
}

/// A live graph of `nodes` nodes, which the program holds, whose edges are led elsewhere at random, `edges` of them. No
/// node ever becomes garbage, but each could have. Nothing is made either, so collectors that start when something is
/// only have the bookkeeping of an edge to do. One operation is an edge.
pub(crate) fn rewire(nodes: usize, edges: usize) -> Outcome {
    const A_STEP: usize = 1000;
    let mut collector = Entry::new();
    collector.enter(Graph(nodes));
    let mut random = Random::new(41);
    let mut change = || Change { from: random.below(nodes), edge: random.below(EDGES), to: random.below(nodes) };
    let changes: Vec<Change> = (0..edges).map(|_| change()).collect();
    let mut outcome = timed(edges, || {
        for changes in changes.chunks(A_STEP) {
            collector.enter(Rewire(changes));
        }
        0
    });
    outcome.checksum = collector.enter(Sum);
    core::mem::forget(collector);
    outcome
}

/// A live heap of `live` nodes in rings of ten, of which a random one dies and is replaced, until `replaced` nodes were.
/// What dies is old: collectors that expect the young to die find nothing there. A full collection ends it, so that
/// nobody wins by leaving the old ones. One operation is a node; `longest pause` is that of one replacement, the collection
/// at the end apart.
pub(crate) fn churn(live: usize, replaced: usize) -> Outcome {
    let rings = live.div_ceil(RING);
    let replacements = replaced.div_ceil(RING);
    let mut collector = Entry::new();
    collector.enter(Rings(rings));
    let mut random = Random::new(43);
    let places: Vec<usize> = (0..replacements).map(|_| random.below(rings)).collect();
    let mut longest = Duration::ZERO;
    let mut outcome = timed(replacements * RING, || {
        for &place in &places {
            let start = Instant::now();
            collector.enter(ReplaceRing(place));
            longest = longest.max(start.elapsed());
        }
        collector.collect();
        0
    });
    outcome.checksum = collector.enter(Sum);
    core::mem::forget(collector);
    outcome.with("longest pause, µs", longest.as_nanos() as f64 / 1000.0)
}

struct Graph(usize);

impl Step for Graph {
    type Output = ();

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) {
        shapes::random_graph(heap, self.0, 47, roots);
    }
}

struct YoungRing;

impl Step for YoungRing {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, _: &mut Vec<H::Node>) -> u64 {
        let ring = shapes::ring(heap, RING, 5);
        heap.value(&ring)
    }
}

struct Change {
    from: usize,
    edge: usize,
    to: usize,
}

struct Rewire<'a>(&'a [Change]);

impl Step for Rewire<'_> {
    type Output = ();

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) {
        for change in self.0 {
            heap.link(&roots[change.from], change.edge, &roots[change.to]);
        }
    }
}

struct Rings(usize);

impl Step for Rings {
    type Output = ();

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) {
        roots.extend((0..self.0 as u64).map(|value| shapes::ring(heap, RING, value)));
    }
}

struct ReplaceRing(usize);

impl Step for ReplaceRing {
    type Output = ();

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) {
        let value = heap.value(&roots[self.0]);
        roots[self.0] = shapes::ring(heap, RING, value + 1);
    }
}

struct Sum;

impl Step for Sum {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> u64 {
        shapes::sum(heap, roots)
    }
}
