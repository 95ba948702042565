//! Counted values that lead to each other are never freed, unless one way is weak, or a collector looks for them.
//!
//! Run with `cargo run --release --example weak_cycles`.

use core::cell::RefCell;

use mudlark_gc::{Collector, Gc, Generation, Trace};
use mudlark_rc::{Counted, Weak};

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

/// Parent and child hold each other: a leak.
struct Holding {
    parent: RefCell<Option<Counted<Holding>>>,
    child: RefCell<Option<Counted<Holding>>>,
}

/// The child knows its parent, and does not hold it.
struct Knowing {
    parent: RefCell<Weak<Knowing>>,
    child: RefCell<Option<Counted<Knowing>>>,
}

/// They hold each other, and a collector looks after them.
#[derive(Trace)]
struct Collected {
    parent: RefCell<Option<Gc<Collected>>>,
    child: RefCell<Option<Gc<Collected>>>,
}

fn holding() {
    let new = || Counted::new(Holding { parent: RefCell::default(), child: RefCell::default() });
    let (parent, child) = (new(), new());
    *child.parent.borrow_mut() = Some(parent.clone());
    *parent.child.borrow_mut() = Some(child);
}

fn knowing() {
    let new = || Counted::new(Knowing { parent: RefCell::default(), child: RefCell::default() });
    let (parent, child) = (new(), new());
    *child.parent.borrow_mut() = Counted::downgrade(&parent);
    *parent.child.borrow_mut() = Some(child.clone());
    assert!(child.parent.borrow().upgrade().is_some_and(|its| Counted::ptr_eq(&its, &parent)));
}

fn collected(collector: &Collector) {
    let new = || Gc::new_in(Collected { parent: RefCell::default(), child: RefCell::default() }, collector);
    let (parent, child) = (new(), new());
    *child.parent.borrow_mut() = Some(parent.clone());
    *parent.child.borrow_mut() = Some(child);
}

fn main() {
    let collector = Collector::new();
    collector.disable();
    let mut costs = Costs::of("a thousand families that nobody needs any more");
    let (_, strong) = costs.measure("strong both ways", || (0..1000).for_each(|_| holding()));
    let (_, weak) = costs.measure("weak to the parent", || (0..1000).for_each(|_| knowing()));
    let (_, before) = costs.measure("Gc, before a collection", || (0..1000).for_each(|_| collected(&collector)));
    let (found, after) = costs.measure("Gc, what a collection changes", || collector.collect(Generation::Old));
    println!("{costs}");

    let family = 2 * (8 + size_of::<Holding>());
    assert_eq!(strong.held.unsigned_abs(), 1000 * family);
    assert_eq!(weak.held, 0);
    assert_eq!(found, 2000);
    assert!(before.held >= 1000 * 2 * size_of::<Collected>().cast_signed());
    assert!(before.held + after.held < 20_000, "the lists of the collector stay");
}
