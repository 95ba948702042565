//! When the collector runs, and over what: thresholds, a pause while much is built, and `freeze` for what stays. Python's
//! advice on `gc.set_threshold`, `gc.disable` and `gc.freeze`.
//!
//! Run with `cargo run --release --example collector_tuning`.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use mudlark_gc::{Collector, Gc, Generation, Phase, Trace};

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

#[derive(Trace)]
struct Page {
    links: RefCell<Vec<Gc<Page>>>,
}

fn page(collector: &Collector) -> Gc<Page> {
    Gc::new_in(Page { links: RefCell::default() }, collector)
}

/// Pages that lead to each other and to the front page: all of them stay.
fn load(collector: &Collector) -> Gc<Page> {
    let front = page(collector);
    for _ in 0..20_000 {
        let page = page(collector);
        page.links.borrow_mut().push(front.clone());
        front.links.borrow_mut().push(page.clone());
    }
    front
}

/// Visits that make a cycle each and leave it.
fn serve(collector: &Collector) {
    for _ in 0..20_000 {
        let visit = page(collector);
        visit.links.borrow_mut().push(visit.clone());
    }
}

/// How often a collector runs, and how many objects it looks at.
fn watch(collector: &Collector) -> Rc<Cell<(u32, usize)>> {
    let seen = Rc::new(Cell::new((0, 0)));
    let counter = Rc::clone(&seen);
    collector.observe(move |event| {
        if event.phase == Phase::Stop {
            let (collections, examined) = counter.get();
            counter.set((collections + 1, examined + event.candidates));
        }
    });
    seen
}

fn main() {
    let mut costs = Costs::of("twenty thousand visits that leave a cycle each");
    let mut rows = Vec::new();
    for (way, thresholds) in
        [("often: 700 objects", [700, 10, 10]), ("seldom: 10 000", [10_000, 10, 10]), ("never", [0, 10, 10])]
    {
        let collector = Collector::new();
        collector.set_thresholds(thresholds);
        let seen = watch(&collector);
        let ((), cost) = costs.measure(way, || serve(&collector));
        rows.push((cost.peak, seen.get().0));
    }
    println!("{costs}");
    println!("collections: {} often, {} seldom, {} never\n", rows[0].1, rows[1].1, rows[2].1);
    assert!(rows[0].0 * 5 < rows[1].0 && rows[1].0 * 3 / 2 < rows[2].0);
    assert!(rows[0].1 > 20 && (1..=3).contains(&rows[1].1) && rows[2].1 == 0);

    // What is being built is no garbage, so looking for garbage meanwhile finds nothing.
    let (plain, paused) = (Collector::new(), Collector::new());
    let (seen_plain, seen_paused) = (watch(&plain), watch(&paused));
    let mut costs = Costs::of("a site of twenty thousand pages, loaded");
    let (_front, _) = costs.measure("with collections", || load(&plain));
    let (_front_too, _) = costs.measure("paused, then frozen", || {
        let pause = paused.pause();
        let front = load(&paused);
        paused.freeze();
        drop(pause);
        front
    });
    println!("{costs}");
    for (way, collector, seen) in
        [("with collections", &plain, &seen_plain), ("paused and frozen", &paused, &seen_paused)]
    {
        let (collections, examined) = seen.take();
        collector.collect(Generation::Old);
        let (_, afterwards) = seen.get();
        println!(
            "{way:>18}: {collections} collections of {examined} objects meanwhile, {afterwards} in one afterwards"
        );
    }
    assert_eq!(seen_paused.get(), (1, 0), "frozen objects are looked at no more");
    assert!(seen_plain.get().1 > 20_000);
}
