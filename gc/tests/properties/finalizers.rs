//! What finalizers may do, and when they run.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::world::{Node, World, on_last_words};
use mudlark_gc::{Collector, Finalize, Gc, Generation, Trace};

#[test]
fn a_finalizer_that_moves_a_handle_out_of_garbage_saves_what_it_leads_to() {
    let world = World::new();
    let ring = world.ring(3);
    let saved = Rc::new(RefCell::new(None));
    on_last_words(&ring[0], {
        let saved = Rc::clone(&saved);
        move |this| *saved.borrow_mut() = this.next.take()
    });
    drop(ring);
    // The ring is broken: its other members hang on what was saved, whose own finalizer still has to run.
    assert_eq!(world.collector.collect(Generation::Old), 0);
    let saved_node: Gc<Node> = saved.take().expect("the finalizer ran");
    assert!(saved_node.next.borrow().is_some());
    drop(saved_node);
    assert_eq!(world.live(), 0);
}

#[test]
fn a_finalizer_may_empty_the_garbage() {
    let world = World::new();
    let ring = world.ring(4);
    for node in &ring {
        on_last_words(node, |this| drop(this.next.take()));
    }
    drop(ring);
    world.collector.collect(Generation::Old);
    assert_eq!(world.live(), 0);
}

#[test]
fn allocation_and_collection_inside_finalizers_are_in_order() {
    let world = Rc::new(World::new());
    let ring = world.ring(2);
    let inner = Rc::clone(&world);
    on_last_words(&ring[0], move |_| {
        drop(inner.ring(10));
        assert_eq!(inner.collector.collect(Generation::Old), 0, "one collection at a time");
    });
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 2);
    assert_eq!(world.collector.collect(Generation::Young), 10);

    let single = world.node();
    let inner = Rc::clone(&world);
    on_last_words(&single, move |_| {
        drop(inner.ring(7));
        assert_eq!(inner.collector.collect(Generation::Old), 7, "no collection is running here");
    });
    drop(single);
    assert_eq!(world.live(), 0);
}

#[test]
fn finalize_by_trait_runs_once_even_after_resurrection() {
    thread_local! {
        static SAVED: RefCell<Option<Gc<Phoenix>>> = const { RefCell::new(None) };
        static RUNS: Cell<usize> = const { Cell::new(0) };
    }
    #[derive(Trace)]
    #[trace(finalize)]
    struct Phoenix(RefCell<Option<Gc<Phoenix>>>);
    impl Finalize for Phoenix {
        fn finalize(&self) {
            RUNS.set(RUNS.get() + 1);
            SAVED.set(self.0.take());
        }
    }
    let collector = Collector::new();
    let phoenix = Gc::new_in(Phoenix(RefCell::default()), &collector);
    *phoenix.0.borrow_mut() = Some(phoenix.clone());
    drop(phoenix);
    assert_eq!(collector.collect(Generation::Old), 0);
    let risen = SAVED.take().expect("it rose");
    assert!(Gc::is_finalized(&risen) && Gc::strong_count(&risen) == 1);
    drop(risen);
    assert_eq!((RUNS.get(), collector.stats().objects), (1, 0));
}

#[test]
fn an_object_outlives_its_own_finalizer() {
    let world = World::new();
    for collected in [false, true] {
        let node = world.node();
        *node.next.borrow_mut() = Some(node.clone());
        let ran = Rc::new(Cell::new(false));
        on_last_words(&node, {
            let ran = Rc::clone(&ran);
            move |this| {
                // The only handle there was.
                drop(this.next.take());
                assert!(this.next.borrow().is_none() && Gc::strong_count(this) == 1);
                ran.set(true);
            }
        });
        let alone = if collected { None } else { node.next.take() };
        drop((node, alone));
        world.collector.collect(Generation::Old);
        assert!(ran.get());
        assert_eq!(world.live(), 0);
    }
}

#[test]
fn a_dying_object_is_young_while_its_finalizer_runs() {
    let world = Rc::new(World::new());
    let node = world.node();
    world.collector.collect(Generation::Old);
    let inner = Rc::clone(&world);
    on_last_words(&node, move |this| {
        assert_eq!(inner.collector.generation_of(this), Some(Generation::Young));
        // It is held, so a collection lets it live.
        assert_eq!(inner.collector.collect(Generation::Old), 0);
        assert_eq!(inner.collector.generation_of(this), Some(Generation::Old));
    });
    drop(node);
    assert_eq!(world.live(), 0);
}

#[test]
fn an_old_collection_finalizes_young_garbage_before_middle_garbage() {
    let world = World::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let ring = |name: &'static str| {
        let node = world.node();
        *node.next.borrow_mut() = Some(node.clone());
        let log = Rc::clone(&log);
        on_last_words(&node, move |_| log.borrow_mut().push(name));
        node
    };
    let old = ring("old");
    world.collector.collect(Generation::Middle);
    let middle = ring("middle");
    world.collector.collect(Generation::Young);
    drop((old, middle, ring("young")));
    world.collector.collect(Generation::Old);
    assert_eq!(*log.borrow(), ["old", "young", "middle"], "as CPython appends the younger generations");
}

#[test]
fn garbage_that_goes_by_its_count_and_is_resurrected_is_garbage_no_more() {
    let world = World::new();
    let saved = Rc::new(RefCell::new(None));
    // A ring; its first node's finalizer takes the last handle to the second, whose own finalizer lets it out.
    let ring = world.ring(2);
    on_last_words(&ring[0], |this| drop(this.next.take()));
    let out = Rc::clone(&saved);
    on_last_words(&ring[1], move |this| *out.borrow_mut() = Some(this.clone()));
    drop(ring);
    world.collector.collect(Generation::Old);
    let node = saved.take().expect("it was let out");
    assert_eq!(world.collector.generation_of(&node), Some(Generation::Young));
    // Other garbage makes a collection destroy something.
    drop(world.ring(2));
    assert_eq!(world.collector.collect(Generation::Old), 2);
    assert_eq!((world.live(), Gc::strong_count(&node)), (2, 1));
    drop(node);
    assert_eq!(world.live(), 0);
}
