//! Collections of a collector, as hooks hear of them.

use core::cell::RefCell;
use std::thread_local;

use mudlark_gc::{Collector, Gc, Generation, Trace, Tracer};
use mudlark_hooks::{Hooks, tell_of_collections};

thread_local! {
    static TOLD: RefCell<Vec<(&'static str, u32, u64)>> = const { RefCell::new(Vec::new()) };
}

struct Told;

impl Hooks for Told {
    fn collection_started(&self, collector: u32, generation: u8, _candidates: u64) {
        TOLD.with_borrow_mut(|told| told.push(("started", collector, generation.into())));
    }

    fn collection_stopped(&self, collector: u32, collected: u64) {
        TOLD.with_borrow_mut(|told| told.push(("stopped", collector, collected)));
    }
}

struct Node(RefCell<Option<Gc<Node>>>);

// SAFETY: its one handle is told of.
unsafe impl Trace for Node {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

#[test]
fn hooks_hear_of_each_collection_until_they_are_taken_away() {
    let collector = Collector::new();
    let observer = tell_of_collections(&Told, &collector, 7);
    let node = Gc::new_in(Node(RefCell::new(None)), &collector);
    *node.0.borrow_mut() = Some(node.clone());
    drop(node);
    collector.collect(Generation::Young);
    collector.collect(Generation::Old);
    assert!(collector.remove_observer(observer));
    collector.collect(Generation::Old);
    let told = TOLD.take();
    assert_eq!(told, [("started", 7, 0), ("stopped", 7, 1), ("started", 7, 2), ("stopped", 7, 0)]);
}
