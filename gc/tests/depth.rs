//! Structures of any depth, in stacks of 64 KiB.

use core::cell::RefCell;
use std::thread;

use mudlark_gc::{Collector, Gc, Generation, Trace};

#[derive(Trace)]
struct Node {
    next: RefCell<Option<Gc<Node>>>,
}

/// Without optimization a tenth takes as long.
const LENGTH: usize = match (cfg!(miri), cfg!(debug_assertions)) {
    (true, _) => 300,
    (_, true) => 1_000_000,
    _ => 10_000_000,
};

/// The head and the tail of a new list.
fn list(collector: &Collector) -> (Gc<Node>, Gc<Node>) {
    let node = |next| Gc::new_in(Node { next: RefCell::new(next) }, collector);
    let tail = node(None);
    let head = (1..LENGTH).fold(tail.clone(), |next, _| node(Some(next)));
    (head, tail)
}

fn on_a_small_stack(act: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(act);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn a_long_list_is_dropped() {
    on_a_small_stack(|| {
        let collector = Collector::new();
        drop(list(&collector));
        assert_eq!(collector.stats().objects, 0);
    });
}

#[test]
fn a_long_cycle_is_collected_at_once() {
    on_a_small_stack(|| {
        let collector = Collector::new();
        let (head, tail) = list(&collector);
        *tail.next.borrow_mut() = Some(head);
        assert_eq!(collector.collect(Generation::Old), 0);
        drop(tail);
        assert_eq!(collector.collect(Generation::Old), LENGTH);
    });
}

#[test]
fn a_long_cycle_is_searched_for() {
    on_a_small_stack(|| {
        let collector = Collector::new();
        collector.disable();
        let (head, tail) = list(&collector);
        *tail.next.borrow_mut() = Some(head);
        while !collector.step(1_000) {}
        assert_eq!(collector.stats().objects, LENGTH);
        drop(tail);
        while !collector.step(1_000) {}
        assert_eq!(collector.stats().objects, 0);
    });
}
