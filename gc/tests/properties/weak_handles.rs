//! Weak handles and their callbacks.

use core::cell::RefCell;
use std::rc::Rc;

use crate::world::{Node, OnDrop, World, on_last_words};
use mudlark_gc::{Gc, Generation, WeakGc};

#[test]
fn condemned_values_cannot_be_reached_through_weak_handles_or_introspection() {
    let world = Rc::new(World::new());
    let weak: Rc<RefCell<Vec<WeakGc<Node>>>> = Rc::default();
    let look = || {
        let (world, weak) = (Rc::clone(&world), Rc::clone(&weak));
        OnDrop(Some(Box::new(move || {
            assert!(weak.borrow().iter().all(|weak| weak.upgrade().is_none()));
            assert!(Generation::ALL.into_iter().all(|generation| world.collector.objects(generation).is_empty()));
        })))
    };
    let (a, b) = (world.node_with_drop(look()), world.node_with_drop(look()));
    *a.next.borrow_mut() = Some(b.clone());
    *b.next.borrow_mut() = Some(a.clone());
    for node in [&a, &b] {
        let weak = Rc::clone(&weak);
        // Made by a finalizer, after the others have died.
        on_last_words(node, move |this| weak.borrow_mut().push(Gc::downgrade(this)));
    }
    drop((a, b));
    assert_eq!(world.collector.collect(Generation::Old), 2);
    assert_eq!(weak.borrow().len(), 2);
    weak.borrow_mut().clear();
}

#[test]
fn callbacks_run_newest_first_once_and_only_while_their_handle_lives() {
    let world = World::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let node = world.node();
    let note = |name: &'static str| {
        let log = Rc::clone(&log);
        move || log.borrow_mut().push(name)
    };
    let first = Gc::downgrade_with_callback(&node, note("first"));
    let cancelled = Gc::downgrade_with_callback(&node, note("cancelled"));
    let _second = Gc::downgrade_with_callback(&node, note("second"));
    let clone = first.clone();
    drop((cancelled, clone));
    assert_eq!(Gc::weak_count(&node), 2);
    drop(node);
    assert_eq!(*log.borrow(), ["second", "first"]);
    assert!(first.upgrade().is_none());
}

#[test]
fn a_callback_may_drop_the_other_weak_handles() {
    let world = World::new();
    let handles: Rc<RefCell<Vec<WeakGc<Node>>>> = Rc::default();
    let ring = world.ring(2);
    for node in &ring {
        let clear = Rc::clone(&handles);
        let weak = Gc::downgrade_with_callback(node, move || clear.borrow_mut().clear());
        handles.borrow_mut().push(weak);
    }
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 2);
    assert!(handles.borrow().is_empty());
}

#[test]
fn a_cancelled_callback_changes_nothing_for_the_others() {
    let world = World::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let node = world.node();
    let mut handles: Vec<_> = (0..5)
        .map(|index| {
            let log = Rc::clone(&log);
            Gc::downgrade_with_callback(&node, move || log.borrow_mut().push(index))
        })
        .collect();
    drop(handles.remove(1));
    drop(node);
    assert_eq!(*log.borrow(), [4, 3, 2, 0]);
    // After the fact, there is nothing to cancel.
    drop(handles);
    assert_eq!(log.borrow().len(), 4);
}

#[test]
fn an_object_that_waits_to_be_destroyed_cannot_be_upgraded() {
    let world = World::new();
    let handles: Rc<RefCell<Vec<WeakGc<Node>>>> = Rc::default();
    let mut head: Option<Gc<Node>> = None;
    for _ in 0..if cfg!(miri) { 20 } else { 300 } {
        // Runs after the node's edge is gone, when what that led to may have been postponed.
        let seen = Rc::clone(&handles);
        let look = move || {
            let alive = seen.borrow().iter().filter_map(WeakGc::upgrade).collect::<Vec<_>>();
            assert!(alive.iter().all(|node| Gc::strong_count(node) > 1));
        };
        let node = world.node_with_drop(OnDrop(Some(Box::new(look))));
        *node.next.borrow_mut() = head.take();
        handles.borrow_mut().push(Gc::downgrade(&node));
        head = Some(node);
    }
    drop(head);
    assert_eq!(world.live(), 0);
    handles.borrow_mut().clear();
}
