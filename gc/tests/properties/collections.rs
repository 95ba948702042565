//! Single properties of collections and collectors.

use core::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

use crate::world::{OnDrop, World};
use mudlark_gc::{Collector, Gc, Generation, Phase, Trace, WeakGc};

#[test]
fn a_list_of_any_length_is_dropped_in_a_small_stack() {
    let length = if cfg!(miri) { 60 } else { 300_000 };
    let drop_lists = move || {
        let world = World::new();
        for cyclic in [false, true] {
            let first = world.node();
            let mut last = first.clone();
            for _ in 1..length {
                let node = world.node();
                *last.next.borrow_mut() = Some(node.clone());
                last = node;
            }
            if cyclic {
                *last.next.borrow_mut() = Some(first.clone());
            }
            drop((first, last));
            assert_eq!(world.collector.collect(Generation::Old), if cyclic { length } else { 0 });
            assert_eq!(world.live(), 0);
        }
    };
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(drop_lists);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn a_mutable_borrow_that_was_leaked_keeps_what_it_covers_and_nothing_else() {
    let world = World::new();
    let ring = world.ring(2);
    core::mem::forget(ring[0].next.borrow_mut());
    drop(ring);
    world.ring(2);
    assert_eq!(world.collector.collect(Generation::Old), 2);
    assert_eq!(world.live(), 2);
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn a_forgotten_handle_keeps_its_object() {
    let world = World::new();
    let ring = world.ring(2);
    core::mem::forget(ring[0].clone());
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 0);
    assert_eq!(world.live(), 2);
}

#[test]
fn values_are_dropped_once_each() {
    #[derive(Trace)]
    struct Counting {
        next: RefCell<Option<Gc<Counting>>>,
        #[trace(skip)]
        _on_drop: OnDrop,
    }
    let drops = Rc::new(Cell::new(0));
    let collector = Collector::new();
    let make = || {
        let drops = Rc::clone(&drops);
        let on_drop = OnDrop(Some(Box::new(move || drops.set(drops.get() + 1))));
        Gc::new_in(Counting { next: RefCell::default(), _on_drop: on_drop }, &collector)
    };
    let (a, b) = (make(), make());
    *a.next.borrow_mut() = Some(b.clone());
    *b.next.borrow_mut() = Some(a.clone());
    drop((a, b, make()));
    assert_eq!(drops.get(), 1);
    collector.collect(Generation::Old);
    assert_eq!(drops.get(), 3);
}

#[test]
fn a_collector_dropped_while_handles_live_lets_them_live() {
    let world = World::new();
    let ring = world.ring(2);
    let lone = world.node();
    let collector = Gc::collector(&lone);
    assert!(collector.watches(&ring[0]));
    drop((world, collector));
    *lone.next.borrow_mut() = Some(ring[1].clone());
    assert!(lone.next.borrow().as_ref().is_some_and(|node| node.next.borrow().is_some()));
    let again = Gc::collector(&lone);
    drop((ring, lone));
    assert_eq!(again.collect(Generation::Old), 2);
    assert_eq!(again.stats().objects, 0);
}

#[test]
fn the_last_handle_to_a_collector_collects() {
    let world = World::new();
    let called = Rc::new(Cell::new(false));
    let ring = world.ring(2);
    let on_death = Rc::clone(&called);
    let weak = Gc::downgrade_with_callback(&ring[0], move || on_death.set(true));
    drop(ring);
    drop(world);
    assert!(called.get() && weak.upgrade().is_none());
}

#[test]
fn collectors_do_not_see_each_others_garbage_and_keep_each_others_objects() {
    let (one, other) = (World::new(), World::new());
    let (a, b) = (one.node(), other.node());
    *a.next.borrow_mut() = Some(b.clone());
    drop(b);
    drop(other.ring(3));
    assert_eq!(one.collector.collect(Generation::Old), 0);
    assert_eq!(other.collector.collect(Generation::Old), 3);
    assert_eq!(other.live(), 1);
    drop(a);
    assert_eq!((one.live(), other.live()), (0, 0));
}

#[test]
fn automatic_collections_keep_a_loop_that_makes_rings_flat() {
    let world = World::new();
    world.collector.enable();
    let rounds = if cfg!(miri) { 200 } else { 50_000 };
    if cfg!(miri) {
        world.collector.set_thresholds([100, 10, 10]);
    }
    for _ in 0..rounds {
        world.ring(2);
    }
    assert!(world.live() < 2_000, "{} objects live", world.live());
    assert!(world.collector.stats().generations[0].collections > 0);
}

#[test]
fn a_program_without_cycles_leaves_no_holes_behind() {
    let world = World::new();
    let mut window: Vec<_> = (0..100).map(|_| world.node()).collect();
    for round in 0..if cfg!(miri) { 150 } else { 20_000 } {
        window[round % 100] = world.node();
    }
    assert_eq!(world.live(), 100);
    drop(window);
    assert_eq!(world.collector.collect(Generation::Old), 0);
}

#[test]
fn untracked_leaves_take_no_part_in_collections() {
    let world = World::new();
    let leaf = Gc::new_in(vec![String::from("a"), String::from("b")], &world.collector);
    assert!(!Gc::is_tracked(&leaf));
    assert_eq!(world.collector.counts()[0], 0);
    assert_eq!(world.collector.generation_of(&leaf), None);
    drop(leaf);
    assert_eq!(world.live(), 0);
}

#[test]
fn frozen_objects_are_not_collected_until_unfrozen() {
    let world = World::new();
    let (young, ring) = (world.node(), world.ring(3));
    world.collector.freeze();
    assert_eq!(world.collector.frozen_count(), 4);
    assert_eq!(world.collector.generation_of(&young), None);
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 0);
    world.collector.unfreeze();
    assert_eq!(world.collector.generation_of(&young), Some(Generation::Old));
    assert_eq!(world.collector.collect(Generation::Old), 3);
}

#[test]
fn observers_hear_of_every_collection_and_may_leave_meanwhile() {
    let world = World::new();
    let events = Rc::new(RefCell::new(Vec::new()));
    let own_id = Rc::new(Cell::new(None));
    let (log, collector, id) = (Rc::clone(&events), world.collector.clone(), Rc::clone(&own_id));
    own_id.set(Some(world.collector.observe(move |event| {
        log.borrow_mut().push((event.phase, event.generation, event.collected));
        if event.phase == Phase::Stop {
            id.get().map(|id| collector.remove_observer(id));
        }
    })));
    drop(world.ring(2));
    world.collector.collect(Generation::Middle);
    world.collector.collect(Generation::Old);
    assert_eq!(*events.borrow(), [(Phase::Start, Generation::Middle, 0), (Phase::Stop, Generation::Middle, 2)]);
}

#[test]
fn a_handle_to_itself_in_a_thread_local_is_dropped_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Vec<Gc<Option<WeakGc<u8>>>>> = const { RefCell::new(Vec::new()) };
    }
    let thread = thread::spawn(|| {
        // The thread's collector may be destroyed before or after these handles.
        KEPT.with_borrow_mut(|kept| kept.push(Gc::new(None)));
        drop(Gc::new(1));
    });
    thread.join().expect("no panic");
}

#[test]
fn debug_stops_where_a_cycle_closes() {
    #[derive(Debug, Trace)]
    struct Link(u8, RefCell<Option<Gc<Link>>>);
    let collector = Collector::new();
    let link = Gc::new_in(Link(7, RefCell::default()), &collector);
    *link.1.borrow_mut() = Some(link.clone());
    assert_eq!(format!("{link:?}"), "Link(7, RefCell { value: Some(..) })");
    assert_eq!(format!("{link:?}"), "Link(7, RefCell { value: Some(..) })");
}

#[test]
fn a_chain_through_many_collectors_is_dropped_in_a_small_stack() {
    #[derive(Trace)]
    struct Link(Option<Gc<Link>>);
    let length = if cfg!(miri) { 40 } else { 20_000 };
    let drop_chain = move || {
        let mut head = None;
        for _ in 0..length {
            head = Some(Gc::new_in(Link(head.take()), &Collector::new()));
        }
        drop(head);
    };
    let thread = thread::Builder::new().stack_size(128 * 1024).spawn(drop_chain);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn an_observer_that_leaves_takes_nobody_along() {
    let world = World::new();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let leaving = Rc::new(Cell::new(None));
    let (log, collector, id) = (Rc::clone(&heard), world.collector.clone(), Rc::clone(&leaving));
    leaving.set(Some(world.collector.observe(move |_| {
        log.borrow_mut().push("leaving");
        id.take().map(|id| collector.remove_observer(id));
    })));
    let log = Rc::clone(&heard);
    world.collector.observe(move |_| log.borrow_mut().push("staying"));
    world.collector.collect(Generation::Young);
    assert_eq!(*heard.borrow(), ["leaving", "staying", "staying"]);
}

#[test]
fn many_types_are_told_apart() {
    fn make<const N: usize>(collector: &Collector) -> Gc<dyn Trace> {
        Gc::into_dyn(Gc::new_in([N; N], collector))
    }
    macro_rules! make_all {
        ($collector:expr, $($n:literal)*) => { [$(make::<$n>($collector)),*] };
    }
    let collector = Collector::new();
    for _ in 0..2 {
        let objects = make_all!(&collector, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24);
        for object in objects {
            assert!(
                object.clone().downcast::<[usize; 7]>().is_ok_and(|array| array.len() == 7)
                    || object.downcast::<[usize; 7]>().is_err()
            );
        }
    }
    assert_eq!(collector.stats().objects, 0);
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn garbage_gives_up_what_it_holds_behind_a_borrow_that_was_leaked() {
    #[derive(Default, Trace)]
    struct Bare {
        next: RefCell<Option<Gc<Bare>>>,
        hidden: RefCell<Option<Gc<Bare>>>,
    }
    assert!(Bare::is_bare());
    let collector = Collector::new();
    let bare = || Gc::new_in(Bare::default(), &collector);
    let (one, other, held) = (bare(), bare(), bare());
    *one.next.borrow_mut() = Some(other.clone());
    *other.next.borrow_mut() = Some(one.clone());
    *one.hidden.borrow_mut() = Some(held.clone());
    core::mem::forget(one.hidden.borrow_mut());
    drop((one, other));
    assert_eq!(collector.collect(Generation::Old), 2);
    assert_eq!(Gc::strong_count(&held), 1);
}

#[test]
fn automatic_collections_look_only_at_what_candidates_lead_to() {
    let world = World::new();
    world.collector.enable();
    world.collector.set_thresholds([20, 100, 100]);
    let looked_at = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&looked_at);
    world.collector.observe(move |event| {
        if event.phase == Phase::Stop {
            log.borrow_mut().push((event.candidates, event.collected));
        }
    });
    // No handle to any of these is ever given up while there is another.
    let mut kept: Vec<_> = (0..21).map(|_| world.node()).collect();
    assert_eq!(looked_at.take(), [(0, 0)]);
    // That one generation was not worth it has the next one promoted unseen.
    kept.extend((0..21).map(|_| world.node()));
    assert_eq!(looked_at.take(), [(0, 0)]);
    // A ring among many: only it is looked at.
    world.collector.collect(Generation::Old);
    looked_at.take();
    world.ring(2);
    kept.extend((0..19).map(|_| world.node()));
    assert_eq!(looked_at.take(), [(2, 2)]);
    assert_eq!(world.live(), kept.len());
}
