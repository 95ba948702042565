//! The graphs that workloads are made of, as functions inside a step.

use crate::gc::collector::{EDGES, Heap};
use crate::random::Random;

/// A ring of `size` nodes; returns one of them.
pub(crate) fn ring<H: Heap>(heap: H, size: usize, value: u64) -> H::Node {
    let first = heap.make(value);
    let mut last = first.clone();
    for _ in 1..size {
        let next = heap.make(value);
        heap.link(&last, 0, &next);
        last = next;
    }
    heap.link(&last, 0, &first);
    first
}

/// A full binary tree; returns its root, whose value is the number of nodes.
pub(crate) fn tree<H: Heap>(heap: H, depth: u32) -> H::Node {
    let node = heap.make((2 << depth) - 1);
    if depth > 0 {
        heap.link(&node, 0, &tree(heap, depth - 1));
        heap.link(&node, 1, &tree(heap, depth - 1));
    }
    node
}

/// An element of a document: edges to the first child, the next sibling and the parent. Its value is its level.
pub(crate) fn element<H: Heap>(heap: H, level: u64, children: usize) -> H::Node {
    const CHILD: usize = 0;
    const SIBLING: usize = 1;
    const PARENT: usize = 2;
    let parent = heap.make(level);
    let mut next: Option<H::Node> = None;
    for _ in 0..if level == 0 { 0 } else { children } {
        let child = element(heap, level - 1, children);
        heap.link(&child, PARENT, &parent);
        if let Some(next) = &next {
            heap.link(&child, SIBLING, next);
        }
        next = Some(child);
    }
    if let Some(first) = &next {
        heap.link(&parent, CHILD, first);
    }
    parent
}

/// Nodes with all their edges to random others among them, appended to `nodes`.
pub(crate) fn random_graph<H: Heap>(heap: H, size: usize, seed: u64, nodes: &mut Vec<H::Node>) {
    let mut random = Random::new(seed);
    nodes.extend((0..size as u64).map(|value| heap.make(value)));
    let graph = &nodes[nodes.len() - size..];
    for node in graph {
        for edge in 0..EDGES {
            heap.link(node, edge, &graph[random.below(size)]);
        }
    }
}

/// A list; returns its head.
pub(crate) fn list<H: Heap>(heap: H, length: usize) -> H::Node {
    let mut head = heap.make(0);
    for value in 1..length as u64 {
        let node = heap.make(value);
        heap.link(&node, 0, &head);
        head = node;
    }
    head
}

/// The sum over `nodes` of their values and those that their edges lead to.
pub(crate) fn sum<H: Heap>(heap: H, nodes: &[H::Node]) -> u64 {
    let of_node = |node: &H::Node| {
        let ends = (0..EDGES).filter_map(|edge| heap.follow(node, edge));
        ends.fold(heap.value(node), |sum, end| sum.wrapping_add(heap.value(&end)))
    };
    nodes.iter().map(of_node).fold(0, u64::wrapping_add)
}
