//! Several collectors, whose objects have edges to each other's.

use core::cell::RefCell;
use std::rc::Rc;

use crate::world::{World, on_last_words};
use mudlark_gc::{Generation, Phase};

#[test]
fn a_collection_that_follows_candidates_stays_among_its_own() {
    let (one, other) = (World::new(), World::new());
    // So many that its slots are beyond all of the other collector's.
    let _many: Vec<_> = (0..600).map(|_| other.node()).collect();
    let held = other.node();
    one.collector.enable();
    one.collector.set_thresholds([40, 100, 100]);
    let ring = one.ring(2);
    let edge = one.node();
    *edge.next.borrow_mut() = Some(held.clone());
    // The first of the ring leads to the other collector's by way of what is about to be a candidate.
    *ring[0].next.borrow_mut() = Some(edge.clone());
    drop(edge);
    let kept: Vec<_> = (0..41).map(|_| one.node()).collect();
    assert_eq!(one.collector.stats().generations[0].collections, 1);
    assert_eq!((one.live(), mudlark_gc::Gc::strong_count(&held)), (kept.len() + 3, 2));
    drop(ring);
    assert_eq!((one.live(), mudlark_gc::Gc::strong_count(&held)), (kept.len(), 1));
}

#[test]
fn a_search_does_not_mistake_others_objects_for_its_own() {
    let (one, other) = (World::new(), World::new());
    // Where the edges lead to in the other collector, this one has a ring that dies.
    let lures: Vec<_> = (0..20).map(|_| other.node()).collect();
    let ring = one.ring(20);
    let holders: Vec<_> = (0..20).map(|_| one.node()).collect();
    for (holder, lure) in holders.iter().zip(&lures) {
        *holder.next.borrow_mut() = Some(lure.clone());
    }
    for holder in &holders {
        drop(holder.clone());
    }
    drop(ring);
    while !one.collector.step(10) {}
    assert_eq!((one.live(), other.live()), (20, 20));
}

#[test]
fn a_finalizer_may_have_another_collector_look_at_its_garbage() {
    let (one, other) = (World::new(), Rc::new(World::new()));
    let saved = Rc::new(RefCell::new(Vec::new()));
    let ring = one.ring(5);
    for node in &ring {
        let (saved, other) = (Rc::clone(&saved), Rc::clone(&other));
        on_last_words(node, move |this| {
            for _ in 0..3 {
                let witness = other.node();
                *witness.next.borrow_mut() = Some(this.clone());
                saved.borrow_mut().push(witness);
            }
            other.collector.collect(Generation::Old);
            // What was let out may go again at once.
            let witnesses = saved.take();
            drop(witnesses);
            other.collector.collect(Generation::Old);
        });
    }
    drop(ring);
    assert_eq!(one.collector.collect(Generation::Old), 5);
    assert_eq!((one.live(), other.live()), (0, 0));
}

#[test]
fn a_collection_may_be_observed_by_collecting_elsewhere() {
    let (one, other) = (World::new(), World::new());
    let elsewhere = other.collector.clone();
    one.collector.observe(move |event| {
        if event.phase == Phase::Start {
            elsewhere.collect(Generation::Old);
        }
    });
    drop((one.ring(3), other.ring(4)));
    assert_eq!(one.collector.collect(Generation::Old), 3);
    assert_eq!(other.live(), 0);
}
