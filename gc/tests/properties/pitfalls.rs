//! What other collectors for Rust have stumbled over, one test each. (That a finalizer may let a handle out of garbage, and
//! that a leaked `RefMut` in garbage is in nobody's way, is tested with finalizers and with collections.)

use core::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

use crate::world::{OnDrop, World, on_last_words, panics};
use mudlark_gc::{Collector, Finalize, Gc, Generation, Trace, WeakGc};

#[derive(Trace)]
struct Selfish {
    me: RefCell<Option<Gc<Selfish>>>,
    #[trace(skip)]
    _alive: Alive,
}

/// Counts those that are there.
struct Alive(Rc<Cell<usize>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn selfish(alive: &Rc<Cell<usize>>) -> Gc<Selfish> {
    alive.set(alive.get() + 1);
    let selfish = Gc::new(Selfish { me: RefCell::default(), _alive: Alive(Rc::clone(alive)) });
    *selfish.me.borrow_mut() = Some(selfish.clone());
    selfish
}

#[test]
fn objects_that_hold_themselves_trigger_collections() {
    let alive = Rc::new(Cell::new(0));
    let rounds = if cfg!(miri) { 1_500 } else { 20_000 };
    (0..rounds).for_each(|_| drop(selfish(&alive)));
    // The threshold is 700; one generation may be passed over.
    assert!(alive.get() < 1_500, "nobody collects");
}

#[test]
fn a_panic_in_an_automatic_collection_does_not_disable_the_collector() {
    for in_finalizer in [true, false] {
        let world = World::new();
        world.collector.set_thresholds([10, 100, 100]);
        let bad = world.node_with_drop(OnDrop(Some(Box::new(move || assert!(in_finalizer, "a destructor")))));
        on_last_words(&bad, move |_| assert!(!in_finalizer, "a finalizer"));
        *bad.next.borrow_mut() = Some(bad.clone());
        drop(bad);
        world.collector.enable();
        let make = || (0..40).for_each(|_| drop(world.ring(1)));
        assert!(panics(make), "the panic goes on where an object was to be made");
        assert!(world.collector.is_enabled());
        make();
        assert!(world.live() < 40, "{} objects live", world.live());
        assert!(!panics(|| world.collector.collect(Generation::Old)) && world.live() == 0);
    }
}

#[test]
fn a_panic_in_the_drop_of_the_last_handle_does_not_disable_the_collector() {
    let world = World::new();
    let bad = world.node_with_drop(OnDrop(Some(Box::new(|| panic!("a destructor")))));
    *bad.next.borrow_mut() = Some(world.node());
    assert!(panics(move || drop(bad)));
    drop(world.ring(3));
    assert_eq!((world.collector.collect(Generation::Old), world.live()), (3, 0));
}

#[test]
#[cfg_attr(miri, ignore = "leaks: a collector that is made when the thread's own is gone collects nothing by itself")]
fn thread_local_handles_and_the_threads_collector_may_go_in_any_order() {
    thread_local! {
        static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    }
    struct Kept(Gc<Selfish>, WeakGc<Selfish>, Rc<Cell<usize>>);
    impl Drop for Kept {
        fn drop(&mut self) {
            assert!(self.1.upgrade().is_some() && self.0.me.borrow().is_some());
            // The thread's own collector may be gone, or about to be made again.
            let late = selfish(&self.2);
            *self.0.me.borrow_mut() = Some(late);
            Collector::current().collect(Generation::Old);
        }
    }
    for collector_first in [true, false] {
        let thread = thread::spawn(move || {
            let alive = Rc::new(Cell::new(0));
            if collector_first {
                drop(Gc::new(1));
            } else {
                KEPT.with_borrow(Vec::is_empty);
            }
            let kept = selfish(&alive);
            let weak = Gc::downgrade(&kept);
            KEPT.with_borrow_mut(|all| all.push(Kept(kept, weak, alive)));
        });
        thread.join().expect("no panic");
    }
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose, and takes too long")]
fn an_object_whose_count_is_at_its_limit_is_never_freed() {
    #[derive(Trace)]
    #[trace(finalize)]
    struct Popular(RefCell<Option<Gc<Popular>>>);
    impl Finalize for Popular {
        fn finalize(&self) {
            unreachable!("it is immortal");
        }
    }
    let collector = Collector::new();
    let popular = Gc::new_in(Popular(RefCell::default()), &collector);
    *popular.0.borrow_mut() = Some(popular.clone());
    let follower = Gc::new_in(Popular(RefCell::new(Some(popular.clone()))), &collector);
    *popular.0.borrow_mut() = Some(follower);
    for _ in 0..1 << 25 {
        core::mem::forget(popular.clone());
    }
    let weak = Gc::downgrade(&popular);
    // More drops than there ever were handles, as it must be taken to be.
    (0..100).for_each(|_| drop(popular.clone()));
    drop(popular);
    assert_eq!(collector.collect(Generation::Old), 0);
    while !collector.step(100) {}
    assert!(weak.upgrade().is_some_and(|popular| popular.0.borrow().is_some()));
    assert_eq!(collector.stats().objects, 2);
}

#[test]
fn a_handle_on_its_way_from_one_place_to_another_is_held_by_the_stack() {
    let alive = Rc::new(Cell::new(0));
    let one = selfish(&alive);
    let moved = one.me.take();
    drop(one);
    assert_eq!((Collector::current().collect(Generation::Old), alive.get()), (0, 1));
    drop(moved);
    assert_eq!(alive.get(), 0);
}
