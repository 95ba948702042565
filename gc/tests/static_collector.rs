//! A collector in a static serves the one who took it, in steps from an idle loop; with and without `std`.

use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use mudlark_gc::{Collector, Gc, Generation, StaticCollector, Trace};

#[derive(Trace)]
struct Node {
    next: RefCell<Option<Gc<Node>>>,
    _filling: [u8; 20],
}

fn ring(collector: &Collector) -> Gc<Node> {
    let node = |next| Gc::new_in(Node { next: RefCell::new(next), _filling: [0; 20] }, collector);
    let first = node(None);
    let second = node(Some(first.clone()));
    *first.next.borrow_mut() = Some(second);
    first
}

#[test]
fn one_of_many_threads_takes_it() {
    static COLLECTOR: StaticCollector = StaticCollector::new();
    static TAKEN: AtomicUsize = AtomicUsize::new(0);

    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                if let Some(collector) = COLLECTOR.take() {
                    TAKEN.fetch_add(1, Relaxed);
                    drop(ring(collector));
                    assert_eq!(collector.collect(Generation::Old), 2);
                }
            });
        }
    });
    assert_eq!(TAKEN.load(Relaxed), 1);
    assert!(COLLECTOR.take().is_none());
}

#[test]
fn an_idle_loop_finds_all_garbage_in_bounded_steps() {
    static COLLECTOR: StaticCollector = StaticCollector::new();
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 1_000 };

    let collector = COLLECTOR.take().expect("nobody else has it");
    collector.disable();
    let kept: Vec<_> = (0..50).map(|_| ring(collector)).collect();
    for _ in 0..ROUNDS {
        // Something happens, and leaves garbage behind; then there is time for a step.
        drop(ring(collector));
        collector.step(20);
    }
    let left = collector.stats().objects - 2 * kept.len();
    assert!(cfg!(miri) || left < ROUNDS / 5, "steps keep up with the garbage: {left} objects are left");

    // The search that is running finds what was garbage when it began; the next one the rest.
    while !collector.step(20) {}
    while !collector.step(20) {}
    assert_eq!(collector.stats().objects, 2 * kept.len());
    drop(kept);
    while !collector.step(20) {}
    assert_eq!(collector.stats().objects, 0);
}
