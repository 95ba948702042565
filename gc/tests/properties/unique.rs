//! What the only handle may do, handles as raw pointers, and garbage that is kept.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::world::{Node, OnDrop, World, on_last_words, panics};
use mudlark_gc::{Collector, DebugFlags, Gc, Generation, Trace, WeakGc, unsize};

#[derive(Clone, Default, Trace)]
struct Cells {
    number: u64,
    edges: RefCell<Vec<Gc<Cells>>>,
}

#[test]
fn collections_do_not_look_at_a_value_that_is_exclusively_borrowed() {
    let collector = Collector::new();
    let mut owner = Gc::new_in(Cells::default(), &collector);
    let inner = Gc::new_in(Cells::default(), &collector);
    inner.edges.borrow_mut().push(inner.clone());
    let mut exclusive = Gc::get_mut(&mut owner).expect("the only handle");
    let number = &mut exclusive.number;
    assert_eq!(collector.collect(Generation::Old), 0);
    while !collector.step(10) {}
    *number += 1;
    exclusive.edges.get_mut().push(inner);
    assert_eq!(collector.collect(Generation::Old), 0, "what it leads to is held from outside");
    drop(exclusive);
    assert_eq!(collector.generation_of(&owner), Some(Generation::Young));
    assert_eq!((collector.collect(Generation::Old), owner.number), (0, 1));
    drop(owner);
    assert_eq!(collector.collect(Generation::Old), 1);
}

#[test]
fn a_cycle_made_through_exclusive_access_is_found_by_automatic_collections() {
    let collector = Collector::new();
    collector.set_thresholds([10, 2, 2]);
    let mut owner = Gc::new_in(Cells::default(), &collector);
    let other = Gc::new_in(Cells::default(), &collector);
    Gc::get_mut(&mut owner).expect("the only handle").edges.get_mut().push(other.clone());
    other.edges.borrow_mut().push(owner);
    drop(other);
    let kept: Vec<_> = (0..40).map(|_| Gc::new_in(Cells::default(), &collector)).collect();
    assert_eq!(collector.stats().objects, kept.len());
}

#[test]
fn there_is_no_exclusive_access_to_what_others_reach() {
    let collector = Collector::new();
    let mut one = Gc::new_in(Cells { number: 1, ..Cells::default() }, &collector);
    let weak = Gc::downgrade(&one);
    assert!(Gc::get_mut(&mut one).is_none());
    Gc::make_mut(&mut one).number = 2;
    assert!(weak.upgrade().is_none(), "the first object had no other handle");
    let other = one.clone();
    assert!(Gc::get_mut(&mut one).is_none());
    Gc::make_mut(&mut one).number = 3;
    assert_eq!((one.number, other.number, collector.stats().objects), (3, 2, 2));
    core::mem::forget(Gc::get_mut(&mut one));
    one.edges.borrow_mut().push(other);
    assert_eq!(collector.collect(Generation::Old), 0);
}

#[test]
fn a_value_that_is_taken_out_leaves_nothing_behind() {
    let world = World::new();
    let called = Rc::new(Cell::new(0));
    let node = world.node();
    on_last_words(&node, |_| unreachable!("the finalizer does not run"));
    let count = Rc::clone(&called);
    let weak = Gc::downgrade_with_callback(&node, move || count.set(count.get() + 1));
    let second = node.clone();
    let Err(node) = Gc::try_unwrap(node) else { unreachable!("there are two handles") };
    drop(second);
    let value: Node = Gc::try_unwrap(node).unwrap_or_else(|_| unreachable!("there is one handle"));
    assert_eq!((called.get(), world.live(), weak.upgrade().is_none()), (1, 0, true));
    drop(value);

    let node = world.node();
    let dropped = Rc::new(Cell::new(false));
    let note = Rc::clone(&dropped);
    let noted = world.node_with_drop(OnDrop(Some(Box::new(move || note.set(true)))));
    let _weak = Gc::downgrade_with_callback(&noted, || panic!("a callback"));
    assert!(panics(|| Gc::try_unwrap(noted).is_ok()));
    assert!(dropped.get());
    drop(node);
    assert_eq!(world.live(), 0);
}

#[test]
fn a_handle_survives_being_a_raw_pointer() {
    let collector = Collector::new();
    let handle = Gc::new_in((Gc::new_in(1_u8, &collector), 2_u128), &collector);
    let pointer = Gc::into_raw(handle.clone());
    drop(handle);
    assert_eq!(collector.collect(Generation::Old), 0);
    // SAFETY: the pointer came from `into_raw`, and stands for a handle.
    assert_eq!(unsafe { &*pointer }.1, 2);
    // SAFETY: as above; it is made a handle once.
    let handle = unsafe { Gc::from_raw(pointer) };
    assert_eq!((Gc::strong_count(&handle), *handle.0), (1, 1));
    drop(handle);
    assert_eq!(collector.stats().objects, 0);
}

#[test]
fn saved_garbage_is_alive_and_dies_when_it_is_let_go() {
    let world = World::new();
    let finalized = Rc::new(Cell::new(0));
    let ring = world.ring(3);
    for node in &ring {
        let count = Rc::clone(&finalized);
        on_last_words(node, move |_| count.set(count.get() + 1));
    }
    drop(ring);
    world.collector.set_debug(DebugFlags::SAVE_ALL);
    assert_eq!(world.collector.collect(Generation::Old), 3);
    assert_eq!((world.live(), finalized.get()), (3, 3));
    assert_eq!(world.collector.collect(Generation::Old), 0, "it is not garbage any more");
    let garbage = world.collector.take_garbage();
    assert!(garbage.iter().all(|object| world.collector.generation_of(object) == Some(Generation::Old)));
    world.collector.set_debug(DebugFlags::empty());
    drop(garbage);
    assert_eq!(world.collector.collect(Generation::Old), 3);
    assert_eq!((world.live(), finalized.get()), (0, 3), "each finalizer runs once");
}

#[test]
fn an_object_may_be_made_from_a_weak_handle_to_it() {
    #[derive(Trace)]
    struct SelfAware {
        me: WeakGc<SelfAware>,
        _edge: Gc<Cells>,
    }
    let collector = Collector::new();
    let kept = RefCell::new(None);
    let object = Gc::new_cyclic_in(
        |me| {
            assert!(me.upgrade().is_none() && me.strong_count() == 0);
            *kept.borrow_mut() = Some(me.clone());
            // Collections may run meanwhile, and objects be made.
            collector.collect(Generation::Old);
            SelfAware { me: me.clone(), _edge: Gc::new_in(Cells::default(), &collector) }
        },
        &collector,
    );
    assert!(object.me.upgrade().is_some_and(|same| Gc::ptr_eq(&same, &object)));
    assert_eq!((Gc::strong_count(&object), Gc::weak_count(&object)), (1, 2));
    assert_eq!(collector.generation_of(&object), Some(Generation::Young));
    drop(object);
    assert!(kept.borrow().as_ref().is_some_and(|weak| weak.upgrade().is_none()));

    let make = |me: &WeakGc<SelfAware>| {
        *kept.borrow_mut() = None;
        let _clone = me.clone();
        panic!("no value")
    };
    assert!(panics(|| Gc::new_cyclic_in(make, &collector)));
    assert_eq!((collector.stats().objects, collector.counts()[0]), (0, 0));
}

#[test]
fn trait_objects_and_slices_are_part_of_cycles_as_others_are() {
    trait Shape: Trace {
        fn edges(&self) -> &RefCell<Vec<Gc<dyn Shape>>>;
    }
    #[derive(Trace)]
    struct Square(Rc<Cell<u32>>, RefCell<Vec<Gc<dyn Shape>>>);
    impl Shape for Square {
        fn edges(&self) -> &RefCell<Vec<Gc<dyn Shape>>> {
            &self.1
        }
    }
    let collector = Collector::new();
    let alive = Rc::new(Cell::new(0));
    let square = || unsize!(Gc::new_in(Square(Rc::clone(&alive), RefCell::default()), &collector) => dyn Shape);
    let (one, other) = (square(), square());
    one.edges().borrow_mut().push(other.clone());
    other.edges().borrow_mut().push(one.clone());
    let weak = Gc::downgrade(&one);
    assert_eq!(Rc::strong_count(&alive), 3);
    let slice = unsize!(Gc::new_in([one, other], &collector) => [Gc<dyn Shape>]);
    assert_eq!((collector.collect(Generation::Old), slice.len()), (0, 2));
    assert!(weak.upgrade().is_some_and(|one| Gc::ptr_eq(&one, &slice[0])));
    drop(slice);
    assert_eq!((collector.collect(Generation::Old), Rc::strong_count(&alive)), (2, 1));
    assert!(weak.upgrade().is_none());
}
