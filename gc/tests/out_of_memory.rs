//! Collections when there is no memory: they need none, and make room.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, RefCell};
use core::ptr;
use std::alloc::System;

use mudlark_gc::{Collector, Gc, Generation, OutOfMemory, Trace, WeakGc};

/// The system's allocator, out of memory when the thread has no more than it may, which is none whenever it says so.
struct Failing;

thread_local! {
    static OUT_OF_MEMORY: Cell<bool> = const { Cell::new(false) };
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

// SAFETY: what is handed out is the system's; null says that there is no memory.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.get().saturating_add(layout.size());
        if OUT_OF_MEMORY.get() || in_use > LIMIT.get() {
            return ptr::null_mut();
        }
        IN_USE.set(in_use);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.set(IN_USE.get().saturating_sub(layout.size()));
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

fn without_memory<R>(act: impl FnOnce() -> R) -> R {
    OUT_OF_MEMORY.set(true);
    let result = act();
    OUT_OF_MEMORY.set(false);
    result
}

#[derive(Trace)]
#[trace(finalize = Node::finalize)]
struct Node {
    edges: RefCell<[Option<Gc<Node>>; 2]>,
    /// Its finalizer cuts its edges.
    cuts: bool,
}

impl Node {
    fn finalize(this: &Gc<Self>) {
        if this.cuts {
            drop(this.edges.take());
        }
    }
}

const NODES: usize = if cfg!(miri) { 60 } else { 20_000 };

/// A ring with chords, of which one finalizer in a hundred cuts something.
fn tangle(collector: &Collector) -> Gc<Node> {
    let node = |index| Gc::new_in(Node { edges: RefCell::default(), cuts: index % 100 == 99 }, collector);
    let nodes: Vec<_> = (0..NODES).map(node).collect();
    for (index, node) in nodes.iter().enumerate() {
        let edges = [1, 17].map(|step| Some(nodes[(index + step) % NODES].clone()));
        *node.edges.borrow_mut() = edges;
    }
    nodes[0].clone()
}

#[test]
fn a_collection_takes_no_memory() {
    let collector = Collector::new();
    collector.disable();
    for generation in Generation::ALL {
        drop(tangle(&collector));
        let kept = tangle(&collector);
        let weak: Vec<WeakGc<Node>> = vec![Gc::downgrade(&kept)];
        assert!(without_memory(|| collector.collect(generation)) > 0);
        assert_eq!(collector.stats().objects, NODES, "{generation}");
        assert!(weak[0].upgrade().is_some());
        drop(kept);
        assert!(without_memory(|| collector.collect(Generation::Old)) > 0);
        assert_eq!(collector.stats().objects, 0);
    }
}

#[test]
fn a_step_without_memory_for_a_search_collects_all_the_same() {
    let collector = Collector::new();
    collector.disable();
    drop(tangle(&collector));
    while !without_memory(|| collector.step(1_000)) {}
    assert_eq!(collector.stats().objects, 0);
    // One that runs out of memory on its way makes the next one look at everything.
    for steps in 0..if cfg!(miri) { 3 } else { 20 } {
        drop(tangle(&collector));
        for _ in 0..steps {
            collector.step(100);
        }
        while !without_memory(|| collector.step(100)) {}
        while !collector.step(1_000) {}
        while !collector.step(1_000) {}
        assert_eq!(collector.stats().objects, 0, "out of memory after {steps} steps");
    }
}

#[test]
fn garbage_makes_room_for_a_new_object_or_the_value_comes_back() {
    let collector = Collector::new();
    collector.disable();
    drop(tangle(&collector));
    let node = || Node { edges: RefCell::default(), cuts: false };
    assert!(matches!(without_memory(|| Gc::try_new_in(node(), &collector)), Err(OutOfMemory(_))));
    assert_eq!(collector.stats().objects, NODES, "automatic collections are off");
    collector.enable();
    // Either of it may be: its memory is kept for the new object, or given back, to be had no more.
    drop(without_memory(|| Gc::try_new_in(node(), &collector)));
    assert_eq!(collector.stats().objects, 0, "a collection was tried first");
    collector.collect(Generation::Old);
    assert!(matches!(without_memory(|| Gc::try_new_in(node(), &collector)), Err(OutOfMemory(_))), "nothing is kept");
    assert_eq!(collector.counts()[0], 0);
    assert!(Gc::try_new_in(node(), &collector).is_ok());
    let leaf = Gc::new_in(5, &collector);
    assert!(without_memory(|| Gc::try_downgrade(&leaf)).is_none());
    assert_eq!(*leaf, 5);
}

/// A node that has nothing but its edge.
#[derive(Trace)]
struct Plain(RefCell<Option<Gc<Plain>>>);

fn rings_of_plain_nodes(collector: &Collector, number: usize) -> Vec<Gc<Plain>> {
    let ring = |_| {
        let first = Gc::new_in(Plain(RefCell::default()), collector);
        let second = Gc::new_in(Plain(RefCell::new(Some(first.clone()))), collector);
        *first.0.borrow_mut() = Some(second);
        first
    };
    (0..number).map(ring).collect()
}

#[test]
fn nor_does_a_collection_of_what_has_nothing_but_its_memory() {
    let collector = Collector::new();
    collector.disable();
    for generation in Generation::ALL {
        let kept = rings_of_plain_nodes(&collector, 10);
        drop(rings_of_plain_nodes(&collector, NODES / 2));
        assert_eq!(without_memory(|| collector.collect(generation)), NODES / 2 * 2);
        drop(rings_of_plain_nodes(&collector, NODES / 2));
        drop(kept);
        assert_eq!(without_memory(|| collector.collect(Generation::Old)), NODES / 2 * 2 + 20);
    }
}

#[test]
fn a_program_that_is_out_of_memory_may_collect_and_try_again() {
    let collector = Collector::new();
    collector.disable();
    let before = IN_USE.get();
    let garbage = rings_of_plain_nodes(&collector, NODES);
    let bytes = (IN_USE.get() - before) / 2;
    drop(garbage);
    LIMIT.set(IN_USE.get() + bytes / 2);
    let mut buffer: Vec<u8> = Vec::new();
    let first = buffer.try_reserve_exact(bytes).is_ok();
    collector.collect(Generation::Old);
    let second = buffer.try_reserve_exact(bytes).is_ok();
    LIMIT.set(usize::MAX);
    assert_eq!((first, second), (false, true));
}
