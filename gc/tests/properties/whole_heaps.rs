//! Full collections of heaps that are garbage as a whole, and of those that are not by a hair.

use core::cell::{Cell, RefCell};

use fastrand::Rng;
use mudlark_gc::{Collector, Gc, Generation, Trace};

#[derive(Trace)]
struct Node {
    number: usize,
    edges: RefCell<Vec<Gc<Node>>>,
    leaf: Cell<Option<Gc<u64>>>,
}

fn node(number: usize, collector: &Collector) -> Gc<Node> {
    Gc::new_in(Node { number, edges: RefCell::default(), leaf: Cell::default() }, collector)
}

/// Nodes with edges to random others.
fn random_graph(random: &mut Rng, size: usize, collector: &Collector) -> Vec<Gc<Node>> {
    let nodes: Vec<_> = (0..size).map(|number| node(number, collector)).collect();
    for node in &nodes {
        let ends = (0..random.usize(..4)).map(|_| nodes[random.usize(..size)].clone());
        node.edges.borrow_mut().extend(ends);
    }
    nodes
}

/// How many nodes one leads to, itself included.
fn reachable(from: &Gc<Node>) -> usize {
    let (mut found, mut queue) = (vec![from.number], vec![from.clone()]);
    while let Some(node) = queue.pop() {
        for end in node.edges.borrow().iter() {
            if !found.contains(&end.number) {
                found.push(end.number);
                queue.push(end.clone());
            }
        }
    }
    found.len()
}

#[test]
fn a_full_collection_frees_all_but_what_one_handle_holds() {
    let size = if cfg!(miri) { 40 } else { 600 };
    for seed in 0..if cfg!(miri) { 3 } else { 30 } {
        let mut random = Rng::with_seed(seed);
        let collector = Collector::new();
        collector.disable();
        let mut nodes = random_graph(&mut random, size, &collector);
        let held = nodes.swap_remove(random.usize(..size));
        drop(nodes);
        collector.collect(Generation::Old);
        assert_eq!(collector.stats().objects, reachable(&held), "seed {seed}");
        drop(held);
        collector.collect(Generation::Old);
        assert_eq!(collector.stats().objects, 0, "seed {seed}");
    }
}

/// A node that a variable holds, with one edge to somewhere else: as many edges as there are handles.
fn survives_with(lead_elsewhere: impl FnOnce(&Gc<Node>), collector: &Collector) {
    collector.disable();
    let held = node(7, collector);
    lead_elsewhere(&held);
    assert_eq!(collector.collect(Generation::Old), 0);
    assert_eq!(held.number, 7);
    assert_eq!(Gc::strong_count(&held), 1);
}

#[test]
fn a_handle_is_not_made_up_for_by_an_edge_to_what_is_not_tracked() {
    let collector = Collector::new();
    survives_with(|held| held.leaf.set(Some(Gc::new_in(1, &collector))), &collector);
}

#[test]
fn a_handle_is_not_made_up_for_by_an_edge_to_what_is_frozen() {
    let collector = Collector::new();
    let frozen = node(1, &collector);
    collector.freeze();
    survives_with(|held| held.edges.borrow_mut().push(frozen), &collector);
}

#[test]
fn a_handle_is_not_made_up_for_by_an_edge_to_another_collectors_object() {
    let (collector, other) = (Collector::new(), Collector::new());
    survives_with(|held| held.edges.borrow_mut().push(node(1, &other)), &collector);
    // Nor when nothing but its object is left of the other collector.
    let (collector, other) = (Collector::new(), Collector::new());
    let lone = node(1, &other);
    drop(other);
    survives_with(|held| held.edges.borrow_mut().push(lone), &collector);
}
