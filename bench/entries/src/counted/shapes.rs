//! What happens when the last handle to a whole structure goes: a list, which is as deep as it is long, and a tree. One
//! operation is an object dropped; building is not timed.

use std::time::{Duration, Instant};

use crate::counted::entry::{Pointer, new_deep};
use crate::outcome::{Outcome, mix};

const LIST: usize = 50_000;
const TREE_DEPTH: u32 = 15;

/// A node of a list.
struct Link {
    value: u64,
    next: Option<Pointer<Self>>,
}

/// A node of a tree.
struct Branch {
    value: u64,
    children: Option<[Pointer<Self>; 2]>,
}

/// Drops lists of fifty thousand nodes, `nodes` nodes in all.
pub(crate) fn drop_lists(nodes: usize) -> Outcome {
    let length = LIST.min(nodes);
    drop_all(nodes.div_ceil(length), length, || list(length, Pointer::new))
}

/// Drops one list of `nodes` nodes, made in the pointer's own way for deep structures if it has one. A pointer that drops by
/// recursion overflows a usual stack, and that is the result.
pub(crate) fn drop_long_list(nodes: usize) -> Outcome {
    drop_all(1, nodes, || list(nodes, new_deep))
}

/// Drops full binary trees, about `nodes` nodes in all.
pub(crate) fn drop_trees(nodes: usize) -> Outcome {
    let a_tree = (2 << TREE_DEPTH) - 1;
    drop_all(nodes.div_ceil(a_tree), a_tree, || {
        let tree = tree(TREE_DEPTH);
        (tree.children.as_ref().map_or(0, |[left, _]| mix(tree.value, left.value)), tree)
    })
}

/// Builds and drops `structures` structures of `size` objects. `build` returns a structure and a number made of it.
fn drop_all<T>(structures: usize, size: usize, build: impl Fn() -> (u64, T)) -> Outcome {
    let mut elapsed = Duration::ZERO;
    let mut checksum = 0;
    for _ in 0..structures {
        let (number, structure) = build();
        checksum = mix(checksum, number);
        let start = Instant::now();
        drop(structure);
        elapsed += start.elapsed();
    }
    Outcome { operations: structures * size, elapsed, checksum, figures: Vec::new() }
}

fn list(length: usize, new: impl Fn(Link) -> Pointer<Link>) -> (u64, Option<Pointer<Link>>) {
    let mut sum = 0;
    let mut list = None;
    for value in 0..length as u64 {
        sum = mix(sum, list.as_ref().map_or(0, |link: &Pointer<Link>| link.value));
        list = Some(new(Link { value, next: list }));
    }
    let second = list.as_ref().and_then(|first| first.next.as_ref()).map_or(0, |link| link.value);
    (mix(sum, second), list)
}

fn tree(depth: u32) -> Pointer<Branch> {
    let children = (depth > 0).then(|| [tree(depth - 1), tree(depth - 1)]);
    let value = children.as_ref().map_or(1, |[left, right]| mix(left.value, right.value));
    Pointer::new(Branch { value, children })
}
