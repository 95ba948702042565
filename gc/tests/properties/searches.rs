//! Old generations that are collected in slices.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::world::{Node, World, on_last_words, panics};
use mudlark_gc::{Collector, Gc, Generation, Phase, Trace};

const RINGS: usize = if cfg!(miri) { 8 } else { 2_000 };

/// Rings of three that are old.
fn old_rings(world: &World) -> Vec<Vec<Gc<Node>>> {
    let rings = (0..RINGS).map(|_| world.ring(3)).collect();
    world.collector.collect(Generation::Middle);
    rings
}

fn search(collector: &Collector, budget: usize) {
    while !collector.step(budget) {}
}

#[test]
fn a_search_finds_what_was_garbage_when_it_started() {
    let world = World::new();
    let mut rings = old_rings(&world);
    for keep in (0..RINGS).rev() {
        if keep % 2 == 0 {
            rings.swap_remove(keep);
        }
    }
    search(&world.collector, 7);
    assert_eq!(world.live(), rings.len() * 3);
    assert_eq!(world.collector.stats().generations[2].collected, (RINGS - rings.len()) * 3);
    drop(rings);
    search(&world.collector, 50);
    assert_eq!(world.live(), 0);
}

#[test]
fn without_a_decrement_since_the_last_one_a_search_looks_at_nothing() {
    let world = World::new();
    let rings = old_rings(&world);
    search(&world.collector, 1_000);
    search(&world.collector, 1_000);
    // To go over the segments is all that is left to do.
    let mut steps = 1;
    while !world.collector.step(100) {
        steps += 1;
    }
    assert!(steps <= 2 + RINGS / 100, "{steps} steps");
    drop(rings);
    search(&world.collector, 1_000);
    assert_eq!(world.live(), 0);
}

#[test]
fn what_becomes_garbage_during_a_search_is_found_by_the_next() {
    for budget in [1, 3, 17, 64] {
        let world = World::new();
        let mut rings = old_rings(&world);
        // Rings that reach into objects that are younger than the search, and die at any time of it.
        while !world.collector.step(budget) {
            if let Some(ring) = rings.pop() {
                let young = world.ring(1);
                let old_edge = ring[0].next.replace(Some(young[0].clone()));
                *young[0].next.borrow_mut() = old_edge;
            }
        }
        drop(rings);
        search(&world.collector, budget * 8);
        search(&world.collector, budget * 8);
        assert_eq!(world.live(), 0, "budget {budget}");
    }
}

#[test]
fn a_cycle_through_a_newcomer_that_was_moved_into_it_is_not_lost() {
    // So many that the old one is listed some steps after the search starts.
    let others = if cfg!(miri) { 300 } else { 2_000 };
    for steps in 0..if cfg!(miri) { 2 } else { 12 } {
        let world = World::new();
        let _others: Vec<_> = (0..others).map(|_| world.node()).collect();
        let old = world.node();
        world.collector.collect(Generation::Middle);
        for _ in 0..steps {
            world.collector.step(1);
        }
        // Only the handle to the old one is ever given up.
        let new = world.node();
        *new.next.borrow_mut() = Some(old.clone());
        *old.next.borrow_mut() = Some(new);
        drop(old);
        search(&world.collector, 100);
        search(&world.collector, 100);
        assert_eq!(world.live(), others, "after {steps} steps");
    }
}

#[test]
fn a_search_leaves_alone_what_moves_about() {
    let world = World::new();
    let shared = world.ring(50);
    let holders: Vec<_> = (0..RINGS).map(|_| world.node()).collect();
    *holders[0].next.borrow_mut() = Some(shared[0].clone());
    drop(shared);
    world.collector.collect(Generation::Middle);
    let mut at = 0;
    let mut round = 0;
    while round < 3 {
        // The only handle to the ring is passed on, ahead of the search and behind it.
        let moved = holders[at].next.take();
        at = (at * 7 + 3) % RINGS;
        *holders[at].next.borrow_mut() = moved;
        round += usize::from(world.collector.step(5));
    }
    assert_eq!(world.live(), RINGS + 50);
    drop(holders);
    search(&world.collector, 1_000);
    search(&world.collector, 1_000);
    assert_eq!(world.live(), 0);
}

#[test]
fn a_full_collection_ends_a_search_and_finds_everything() {
    let world = World::new();
    let rings = old_rings(&world);
    assert!(!world.collector.step(1));
    drop(rings);
    assert_eq!(world.collector.collect(Generation::Old), RINGS * 3);
    assert_eq!(world.live(), 0);
}

#[test]
fn after_freezing_and_unfreezing_nothing_is_lost() {
    let world = World::new();
    let (frozen, old) = (world.node(), world.node());
    *frozen.next.borrow_mut() = Some(old.clone());
    *old.next.borrow_mut() = Some(frozen.clone());
    drop(frozen);
    world.collector.freeze();
    search(&world.collector, 10);
    drop(old);
    search(&world.collector, 10);
    assert_eq!(world.live(), 2);
    world.collector.unfreeze();
    search(&world.collector, 10);
    assert_eq!(world.live(), 0);
}

#[test]
fn finalizers_of_a_search_may_do_what_they_like() {
    let world = Rc::new(World::new());
    let saved = Rc::new(RefCell::new(Vec::new()));
    for number in 0..6 {
        let ring = world.ring(3);
        let (saved, inner) = (Rc::clone(&saved), Rc::clone(&world));
        on_last_words(&ring[0], move |this| match number % 3 {
            0 => saved.borrow_mut().push(this.clone()),
            1 => {
                inner.ring(5);
                assert!(!inner.collector.step(100), "one at a time");
                assert_eq!(inner.collector.collect(Generation::Old), 0, "one at a time");
                inner.collector.freeze();
            }
            _ => panic!("a finalizer"),
        });
    }
    let mut panicked = false;
    let mut over = false;
    while !over {
        panicked |= panics(|| over = world.collector.step(4));
    }
    assert!(panicked);
    assert_eq!((saved.borrow().len(), world.live()), (2, 6 + 10));
    saved.borrow_mut().clear();
    for _ in 0..3 {
        search(&world.collector, 100);
    }
    assert_eq!(world.live(), 0);
}

#[test]
fn searches_run_by_themselves_and_keep_a_heap_flat_in_which_old_objects_die() {
    let world = World::new();
    world.collector.enable();
    let (live, replaced) = if cfg!(miri) { (20, 60) } else { (4_000, 40_000) };
    if cfg!(miri) {
        world.collector.set_thresholds([20, 1, 1]);
    }
    let running = Rc::new(Cell::new(0));
    let longest = Rc::new(Cell::new(0));
    let (now, most) = (Rc::clone(&running), Rc::clone(&longest));
    world.collector.observe(move |event| {
        if event.generation == Generation::Old {
            now.set(if event.phase == Phase::Start { 1 } else { 0 });
        }
        most.set(most.get().max(now.get()));
    });
    let mut rings: Vec<_> = (0..live).map(|_| world.ring(5)).collect();
    for number in 0..replaced {
        rings[number * 7919 % live] = world.ring(5);
        // CPython's thresholds let 85 000 objects be made between two old collections.
        assert!(world.live() < live * 5 + 110_000, "{} objects live", world.live());
    }
    assert_eq!(longest.get(), 1, "an old collection was observed");
    drop(rings);
    world.collector.collect(Generation::Old);
    assert_eq!(world.live(), 0);
}

#[test]
fn a_trace_that_panics_ends_a_search_and_loses_nothing() {
    struct Bomb(RefCell<Option<Gc<Bomb>>>, Rc<Cell<bool>>);
    // SAFETY: reports its one handle once; panicking reports less, and only then.
    unsafe impl Trace for Bomb {
        fn trace(&self, tracer: &mut mudlark_gc::Tracer<'_>) {
            assert!(!self.1.get(), "a trace");
            self.0.trace(tracer);
        }
    }
    let armed = Rc::new(Cell::new(true));
    let collector = Collector::new();
    for _ in 0..20 {
        let bomb = Gc::new_in(Bomb(RefCell::default(), Rc::clone(&armed)), &collector);
        *bomb.0.borrow_mut() = Some(bomb.clone());
    }
    let mut panicked = false;
    for _ in 0..50 {
        panicked |= panics(|| collector.step(1));
    }
    assert!(panicked);
    assert_eq!(collector.stats().objects, 20);
    armed.set(false);
    search(&collector, 3);
    search(&collector, 3);
    assert_eq!(collector.stats().objects, 0);
}

#[test]
fn a_search_comes_to_its_end_though_it_is_given_no_time() {
    let world = World::new();
    drop(old_rings(&world));
    let slices = (1..10_000).find(|_| world.collector.step(0));
    assert!(slices.is_some_and(|slices| slices > 1), "{slices:?}");
    assert_eq!(world.live(), 0);
}
