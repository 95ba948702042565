//! A million objects are followed from one to the next in a random order that visits all: every step is a cache miss, so
//! what counts is how much of the cache an object takes, and whether the handle points at the value. No handle is cloned
//! on the way. One operation is a step.

use core::cell::OnceCell;
use core::hint::black_box;

use crate::counted::entry::Pointer;
use crate::outcome::{Outcome, timed};
use crate::random::Random;

const OBJECTS: usize = 1 << 20;

struct Node {
    value: u64,
    next: OnceCell<Pointer<Self>>,
}

/// Takes `steps` steps.
pub(crate) fn run(steps: usize) -> Outcome {
    let nodes = ring();
    let outcome = timed(steps, || {
        let mut node: &Node = &nodes[0];
        let mut sum = 0_u64;
        for _ in 0..steps {
            sum = sum.wrapping_add(node.value);
            node = black_box(node.next.get().expect("a ring has no end"));
        }
        sum
    });
    // The ring is left to the end of the process: counts alone would never free it.
    core::mem::forget(nodes);
    outcome
}

/// A ring through all nodes, in a random order (Sattolo's shuffle gives one that is a single ring).
#[cfg_attr(
    feature = "counted-std-arc",
    expect(
        clippy::arc_with_non_send_sync,
        reason = "the same objects for pointers that cross threads and that do not"
    )
)]
fn ring() -> Vec<Pointer<Node>> {
    let node = |value| Pointer::new(Node { value, next: OnceCell::new() });
    let nodes: Vec<Pointer<Node>> = (0..OBJECTS as u64).map(node).collect();
    let mut order: Vec<usize> = (0..OBJECTS).collect();
    let mut random = Random::new(31);
    for place in (1..OBJECTS).rev() {
        order.swap(place, random.below(place));
    }
    for (node, next) in nodes.iter().zip(order) {
        let unset = node.next.set(nodes[next].clone());
        assert!(unset.is_ok(), "a node has one successor");
    }
    nodes
}
