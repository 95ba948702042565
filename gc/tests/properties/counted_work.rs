//! How much collections do, counted in objects that are traced: it does not depend on the machine.

use core::cell::{Cell, RefCell};

use mudlark_gc::{Collector, Gc, Generation, Trace, Tracer};

std::thread_local! {
    static TRACED: Cell<usize> = const { Cell::new(0) };
}

/// Counts how often it is traced.
struct Node(RefCell<Option<Gc<Self>>>);

// SAFETY: reports the one handle, if it can be seen.
unsafe impl Trace for Node {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        TRACED.set(TRACED.get() + 1);
        self.0.trace(tracer);
    }
}

fn node(next: Option<Gc<Node>>, collector: &Collector) -> Gc<Node> {
    Gc::new_in(Node(RefCell::new(next)), collector)
}

/// How many nodes are traced meanwhile.
fn traced(work: impl FnOnce()) -> usize {
    TRACED.set(0);
    work();
    TRACED.get()
}

/// A list of so many nodes, each of which could be part of a cycle for all that its count says.
fn list(length: usize, collector: &Collector) -> Gc<Node> {
    let mut last = node(None, collector);
    for _ in 1..length {
        // Makes a candidate.
        drop(last.clone());
        last = node(Some(last), collector);
    }
    last
}

#[test]
fn to_build_a_heap_takes_work_in_proportion_to_its_size() {
    let sizes: &[usize] = if cfg!(miri) { &[1_000, 4_000] } else { &[10_000, 100_000, 1_000_000] };
    for &size in sizes {
        let collector = Collector::new();
        let mut held = None;
        let traced = traced(|| held = Some(list(size, &collector)));
        assert_eq!(collector.stats().objects, size);
        assert!(traced > 0 && traced < 10 * size, "{traced} traced for {size} made");
    }
}

#[test]
fn a_young_collection_does_the_same_work_beside_any_heap() {
    const RINGS: usize = if cfg!(miri) { 500 } else { 5_000 };
    let sizes: &[usize] = if cfg!(miri) { &[10, 1_000] } else { &[1_000, 100_000] };
    let work_beside = |size: usize| {
        let collector = Collector::new();
        let _held = list(size, &collector);
        collector.collect(Generation::Old);
        let make_rings = || (0..RINGS).for_each(|_| leave_a_ring(&collector));
        // Until the collector has learnt that the young die.
        make_rings();
        traced(make_rings)
    };
    let [small, large] = [sizes[0], sizes[1]].map(work_beside);
    assert!(
        small >= RINGS && large < small + small / 10,
        "{small} traced beside {}, {large} beside {}",
        sizes[0],
        sizes[1]
    );
}

fn leave_a_ring(collector: &Collector) {
    let first = node(None, collector);
    let second = node(Some(first.clone()), collector);
    *first.0.borrow_mut() = Some(second);
}
