//! A million objects are followed from one to the next in a random order that visits all: every step is a cache miss, so
//! what counts is how much of the cache an object takes, and whether the handle points at the value. One operation is a
//! step.

use core::cell::RefCell;
use core::hint::black_box;

use crate::counted::entry::Pointer;
use crate::outcome::{Outcome, timed};
use crate::random::Random;

const OBJECTS: usize = 1 << 20;

struct Node {
    value: u64,
    next: RefCell<Option<Pointer<Self>>>,
}

/// Takes `steps` steps.
pub(crate) fn run(steps: usize) -> Outcome {
    let nodes = ring();
    let outcome = timed(steps, || {
        let mut node = nodes[0].clone();
        let mut sum = 0_u64;
        for _ in 0..steps {
            sum = sum.wrapping_add(node.value);
            let next = node.next.borrow().clone().expect("a ring has no end");
            node = black_box(next);
        }
        sum
    });
    cut(&nodes);
    outcome
}

/// A ring through all nodes, in a random order (Sattolo's shuffle gives one that is a single ring).
fn ring() -> Vec<Pointer<Node>> {
    let node = |value| Pointer::new(Node { value, next: RefCell::new(None) });
    let nodes: Vec<Pointer<Node>> = (0..OBJECTS as u64).map(node).collect();
    let mut order: Vec<usize> = (0..OBJECTS).collect();
    let mut random = Random::new(31);
    for place in (1..OBJECTS).rev() {
        order.swap(place, random.below(place));
    }
    for (node, next) in nodes.iter().zip(order) {
        *node.next.borrow_mut() = Some(nodes[next].clone());
    }
    nodes
}

/// Takes the ring apart: counts alone would never free it.
fn cut(nodes: &[Pointer<Node>]) {
    for node in nodes {
        node.next.borrow_mut().take();
    }
}
