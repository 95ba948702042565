//! Full binary trees, built and dropped, beside one that stays: the classic of the allocation benchmarks (Boehm's
//! GCBench, the Computer Language Benchmarks Game). Nodes of one size, freed in the order of a walk. One operation is a
//! node, made and dropped.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};

/// Depth of the trees: 2^(DEPTH + 1) − 1 nodes each.
const DEPTH: u32 = 12;

struct Tree {
    children: Option<[Box<Self>; 2]>,
}

impl Tree {
    fn new(depth: u32) -> Self {
        let children = (depth > 0).then(|| [Box::new(Self::new(depth - 1)), Box::new(Self::new(depth - 1))]);
        Self { children }
    }

    fn nodes(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.nodes()).sum::<u64>()
    }
}

/// Builds, counts and drops trees until at least `nodes` nodes were made.
pub(crate) fn run(nodes: usize) -> Outcome {
    let a_tree = (2 << DEPTH) - 1;
    let trees = nodes.div_ceil(a_tree);
    let long_lived = black_box(Tree::new(DEPTH + 2));
    let outcome = timed(trees * a_tree, || (0..trees).map(|_| black_box(Tree::new(DEPTH)).nodes()).sum());
    black_box(long_lived);
    outcome
}
