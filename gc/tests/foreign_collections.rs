//! Cycles through collections of other crates are found.

use core::cell::RefCell;
use std::hash::RandomState;

use hashbrown::{HashMap, HashSet};
use indexmap::{IndexMap, IndexSet};
use mudlark_gc::{Collector, Gc, Generation, Trace};
use smallvec::SmallVec;

#[derive(Default, Trace)]
struct Node {
    small: RefCell<SmallVec<[Gc<Node>; 2]>>,
    map: RefCell<HashMap<u8, Gc<Node>, RandomState>>,
    ordered: RefCell<IndexMap<u8, Gc<Node>, RandomState>>,
    numbers: (HashSet<u8, RandomState>, IndexSet<u8, RandomState>),
}

#[test]
fn edges_in_each_collection_have_names() {
    let collector = Collector::new();
    let targets: Vec<_> = (0..3).map(|_| Gc::new_in(Node::default(), &collector)).collect();
    let node = Gc::new_in(Node::default(), &collector);
    node.small.borrow_mut().push(targets[0].clone());
    node.map.borrow_mut().insert(1, targets[1].clone());
    node.ordered.borrow_mut().insert(1, targets[2].clone());
    for (target, name) in targets.iter().zip(["small[0]", "map[0]", "ordered[0]"]) {
        let target = Gc::into_dyn(target.clone());
        let chain = collector.chain(&node, |held| Gc::ptr_eq(held.object(), &target)).expect("there is an edge");
        assert_eq!(chain.edges(), [name]);
    }
}

#[test]
fn cycles_through_each_collection_are_found() {
    let links: [fn(&Node, Gc<Node>); 3] = [
        |from, to| from.small.borrow_mut().push(to),
        |from, to| drop(from.map.borrow_mut().insert(1, to)),
        |from, to| drop(from.ordered.borrow_mut().insert(1, to)),
    ];
    let collector = Collector::new();
    for link in links {
        let (one, other) = (Gc::new_in(Node::default(), &collector), Gc::new_in(Node::default(), &collector));
        link(&one, other.clone());
        link(&other, one.clone());
        assert!(one.numbers.0.is_empty() && one.numbers.1.is_empty());
        drop(one);
        assert_eq!(collector.collect(Generation::Old), 0);
        drop(other);
        assert_eq!(collector.collect(Generation::Old), 2);
    }
}
