//! Collected handles.

use core::cell::{Cell, RefCell};

use alloc::rc::Rc;
use alloc::vec::Vec;

use mudlark_gc::{Collector, Finalize, Gc, Generation, StaticCollector, Trace};

use crate::profile;

#[derive(Trace)]
#[trace(finalize)]
struct Node {
    next: RefCell<Option<Gc<Node>>>,
    finalized: Rc<Cell<usize>>,
}

impl Finalize for Node {
    fn finalize(&self) {
        self.finalized.set(self.finalized.get() + 1);
    }
}

/// Rings become garbage; each node is finalized once, and weak handles to it end.
pub fn cycles() {
    let collector = Collector::new();
    let finalized = Rc::new(Cell::new(0));
    let make = |next| Gc::new_in(Node { next: RefCell::new(next), finalized: finalized.clone() }, &collector);
    let weak: Vec<_> = (0..100)
        .map(|_| {
            let first = make(None);
            let last = make(Some(make(Some(first.clone()))));
            *first.next.borrow_mut() = Some(last);
            Gc::downgrade(&first)
        })
        .collect();
    collector.collect(Generation::Old);
    assert_eq!(finalized.get(), 300);
    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
    assert_eq!(collector.stats().objects, 0);
}

/// The header has twelve bytes, which with the value's eight and the heap's word are 24.
#[cfg(target_pointer_width = "32")]
pub fn small_header() {
    let collector = Collector::new();
    collector.disable();
    let bytes = super::counted::bytes_of_eight(|value| Gc::new_in(value, &collector));
    assert!((24..26).contains(&bytes), "{bytes} bytes");
}

static COLLECTOR: StaticCollector = StaticCollector::new();

/// The collector in a static is had once, and finds all garbage in steps from an idle loop.
pub fn idle() {
    let collector = COLLECTOR.take().expect("nobody else takes it");
    assert!(COLLECTOR.take().is_none());
    collector.disable();
    profile::watch(collector, "idle");
    let finalized = Rc::new(Cell::new(0));
    for _ in 0..100 {
        let node = Gc::new_in(Node { next: RefCell::default(), finalized: finalized.clone() }, collector);
        *node.next.borrow_mut() = Some(node.clone());
    }
    let mut steps = 1;
    while !collector.step(20) {
        steps += 1;
    }
    assert!(steps >= 5);
    assert_eq!((finalized.get(), collector.stats().objects), (100, 0));
    collector.collect(Generation::Old);
}

#[derive(Trace)]
struct Link {
    next: Option<Gc<Link>>,
}

/// A list of many more links than there is stack for nested drops.
pub fn deep_list() {
    let collector = Collector::new();
    let mut list = None;
    for _ in 0..1000 {
        list = Some(Gc::new_in(Link { next: list.take() }, &collector));
    }
    assert_eq!(collector.stats().objects, 1000);
    assert!(list.as_ref().is_some_and(|link| link.next.is_some()));
    drop(list);
    assert_eq!(collector.stats().objects, 0);
}

/// Garbage fills the memory; a request that is refused is served when the collector has been told to make room.
pub fn out_of_memory() {
    let collector = Collector::new();
    collector.disable();
    let finalized = Rc::new(Cell::new(0));
    let make = || Gc::try_new_in(Node { next: RefCell::default(), finalized: finalized.clone() }, &collector);
    let mut garbage = 0;
    while let Ok(node) = make() {
        *node.next.borrow_mut() = Some(node.clone());
        garbage += 1;
    }
    assert!(garbage > 100);
    assert!(Vec::<u8>::new().try_reserve(4 * 1024).is_err());
    assert_eq!(collector.collect(Generation::Old), garbage);
    assert!(make().is_ok());
    // What the collector keeps for itself lies between, so the room is not all in one piece.
    assert!(Vec::<u8>::new().try_reserve(4 * 1024).is_ok());
}
