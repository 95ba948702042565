//! Workloads of which nothing stays: graphs are built and dropped, and the time runs until all of it is freed. One
//! operation is a node.

use std::time::Instant;

use crate::gc::collector::{Collector, ForgetRoots, Heap, Step};
use crate::gc::entry::Entry;
use crate::gc::shapes;
use crate::outcome::{Outcome, timed};

const TREE_DEPTH: u32 = 10;
const DOCUMENT_LEVELS: u64 = 4;
const DOCUMENT_CHILDREN: usize = 6;
/// Nodes of a document: 1 + 6 + 36 + 216 + 1296.
const DOCUMENT: usize = 1555;

/// Full binary trees, without cycles: counting frees them at once, tracing at the next collection.
pub(crate) fn trees(nodes: usize) -> Outcome {
    build_and_drop(nodes, (2 << TREE_DEPTH) - 1, || Tree)
}

/// Rings of `size` nodes: the smallest garbage that counting alone never frees.
pub(crate) fn rings(size: usize, nodes: usize) -> Outcome {
    build_and_drop(nodes, size, || Ring(size))
}

/// Documents whose elements know their parents: all of one is one cyclic structure.
pub(crate) fn documents(nodes: usize) -> Outcome {
    build_and_drop(nodes, DOCUMENT, || Document)
}

/// One random graph of `nodes` nodes, which a single collection frees. Building is not timed.
pub(crate) fn random_graph(nodes: usize) -> Outcome {
    let mut collector = Entry::new();
    let sum = collector.enter(Graph(nodes));
    drop_roots(collector, nodes, sum)
}

/// One list of `nodes` nodes. A collector that drops or marks by recursion overflows a usual stack, and that is the
/// result. Building is not timed.
pub(crate) fn long_list(nodes: usize) -> Outcome {
    let mut collector = Entry::new();
    let sum = collector.enter(List(nodes));
    drop_roots(collector, nodes, sum)
}

/// Times how the roots and all they held are freed.
fn drop_roots(mut collector: Entry, nodes: usize, checksum: u64) -> Outcome {
    timed(nodes, || {
        collector.enter(ForgetRoots);
        collector.collect();
        checksum
    })
}

/// Builds structures of `size` nodes, one a step, and drops them, until about `nodes` nodes were made.
fn build_and_drop<S: Step<Output = u64>>(nodes: usize, size: usize, step: impl Fn() -> S) -> Outcome {
    let structures = nodes.div_ceil(size);
    let mut collector = Entry::new();
    let start = Instant::now();
    let checksum = (0..structures).map(|_| collector.enter(step())).fold(0, u64::wrapping_add);
    collector.collect();
    Outcome { operations: structures * size, elapsed: start.elapsed(), checksum, figures: Vec::new() }
}

struct Tree;

impl Step for Tree {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, _: &mut Vec<H::Node>) -> u64 {
        let tree = shapes::tree(heap, TREE_DEPTH);
        heap.value(&tree)
    }
}

struct Ring(usize);

impl Step for Ring {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, _: &mut Vec<H::Node>) -> u64 {
        let ring = shapes::ring(heap, self.0, 3);
        heap.value(&ring)
    }
}

struct Document;

impl Step for Document {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, _: &mut Vec<H::Node>) -> u64 {
        let document = shapes::element(heap, DOCUMENT_LEVELS, DOCUMENT_CHILDREN);
        shapes::sum(heap, &[document])
    }
}

struct Graph(usize);

impl Step for Graph {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> u64 {
        shapes::random_graph(heap, self.0, 37, roots);
        shapes::sum(heap, roots)
    }
}

struct List(usize);

impl Step for List {
    type Output = u64;

    fn run<H: Heap>(self, heap: H, roots: &mut Vec<H::Node>) -> u64 {
        roots.push(shapes::list(heap, self.0));
        shapes::sum(heap, roots)
    }
}
