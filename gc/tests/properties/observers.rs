//! What collections tell of themselves: events, times, debug lines.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;

use crate::world::{Node, World, on_last_words, panics};
use mudlark_gc::{Collector, DebugFlags, Gc, Generation, Phase, Step, StepEvent, Trace, WeakGc};

thread_local! {
    static TIME: Cell<u32> = const { Cell::new(0) };
}

/// Goes on by a second with each look at it.
fn clock() -> Duration {
    TIME.set(TIME.get() + 1);
    Duration::from_secs(TIME.get().into())
}

#[test]
fn durations_are_those_of_the_clock_that_is_read_only_for_somebody() {
    let world = World::new();
    world.collector.set_clock(Some(clock));
    TIME.set(0);
    world.collector.collect(Generation::Old);
    while !world.collector.step(10) {}
    assert_eq!(TIME.get(), 0, "nobody wants to know");

    let durations = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&durations);
    world.collector.observe(move |event| log.borrow_mut().push((event.phase, event.duration)));
    let second = |seconds| Some(Duration::from_secs(seconds));
    world.collector.collect(Generation::Young);
    assert_eq!(durations.take(), [(Phase::Start, None), (Phase::Stop, second(1))]);
    // Of a search all slices count, and nothing between them.
    let (length, budget) = if cfg!(miri) { (60, 10) } else { (2_000, 300) };
    world.ring(length);
    let mut slices = 1;
    while !world.collector.step(budget) {
        TIME.set(TIME.get() + 1_000);
        slices += 1;
    }
    assert!(slices > 5, "{slices} slices");
    assert_eq!(durations.take(), [(Phase::Start, None), (Phase::Stop, second(slices))]);
    world.collector.set_clock(None);
    world.collector.collect(Generation::Young);
    assert_eq!(durations.take(), [(Phase::Start, None), (Phase::Stop, None)]);
}

#[test]
fn every_collector_begins_with_a_clock() {
    let collector = Collector::new();
    let timed = Rc::new(Cell::new(false));
    let note = Rc::clone(&timed);
    collector.observe(move |event| note.set(event.duration.is_some()));
    collector.collect(Generation::Young);
    assert!(timed.get());
}

/// What is printed while `act` runs, without addresses.
fn lines(world: &World, flags: DebugFlags, act: impl FnOnce(&World)) -> Vec<String> {
    let lines = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&lines);
    world.collector.set_clock(None);
    world.collector.set_debug_output(move |line| {
        let line = line.to_string();
        log.borrow_mut().push(line.split(" at 0x").next().unwrap_or_default().to_string());
    });
    world.collector.set_debug(flags);
    act(world);
    world.collector.set_debug(DebugFlags::empty());
    world.collector.reset_debug_output();
    lines.take()
}

#[test]
fn debug_flags_print_what_they_say() {
    let world = World::new();
    let kept = world.node();
    let printed = lines(&world, DebugFlags::STATS | DebugFlags::COLLECTABLE | DebugFlags::UNCOLLECTABLE, |world| {
        world.collector.collect(Generation::Young);
        world.ring(2);
        world.collector.collect(Generation::Old);
    });
    let collectable = format!("gc: collectable {}", core::any::type_name::<Node>());
    assert_eq!(
        printed,
        [
            "gc: collecting young: 1 young, 0 middle, 0 old objects, 0 frozen",
            "gc: collected 0, 0 uncollectable",
            "gc: collecting old: 2 young, 1 middle, 0 old objects, 0 frozen",
            &collectable,
            &collectable,
            "gc: collected 2, 0 uncollectable",
        ]
    );
    assert_eq!(lines(&world, DebugFlags::empty(), |world| world.collector.freeze()).len(), 0);
    drop(kept);
}

#[test]
fn looking_for_leaks_prints_and_keeps_them() {
    assert_eq!(DebugFlags::LEAK, DebugFlags::COLLECTABLE | DebugFlags::UNCOLLECTABLE | DebugFlags::SAVE_ALL);
    let world = World::new();
    let printed = lines(&world, DebugFlags::LEAK, |world| {
        world.ring(3);
        assert_eq!(world.collector.collect(Generation::Old), 3);
    });
    assert_eq!((printed.len(), world.collector.take_garbage().len(), world.live()), (3, 3, 3));
    assert_eq!(world.collector.collect(Generation::Old), 3);
}

#[test]
fn a_debug_output_may_do_anything() {
    // Plain nodes: nothing but the output makes the collection run anybody's code.
    #[derive(Trace)]
    struct Plain(RefCell<Option<Gc<Plain>>>);
    let collector = Collector::new();
    let plain = || {
        let plain = Gc::new_in(Plain(RefCell::default()), &collector);
        *plain.0.borrow_mut() = Some(plain.clone());
        plain
    };
    let weak: Rc<RefCell<Vec<WeakGc<Plain>>>> = Rc::default();
    collector.set_debug(DebugFlags::COLLECTABLE);
    collector.set_debug_output({
        let (weak, collector) = (Rc::clone(&weak), collector.clone());
        move |_| {
            assert!(weak.borrow().iter().all(|weak| weak.upgrade().is_none()));
            assert!(Generation::ALL.into_iter().all(|generation| collector.objects(generation).is_empty()));
            assert_eq!(collector.collect(Generation::Old), 0);
            panic!("an output");
        }
    });
    for with_weak in [false, true] {
        let garbage = [plain(), plain()];
        if with_weak {
            weak.borrow_mut().extend(garbage.iter().map(Gc::downgrade));
        }
        drop(garbage);
        assert!(panics(|| collector.collect(Generation::Old)));
        assert_eq!(collector.stats().objects, 0);
        weak.borrow_mut().clear();
    }
    collector.reset_debug_output();
}

#[test]
fn events_say_what_was_found_and_what_was_looked_at() {
    let world = World::new();
    let events = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&events);
    world.collector.observe(move |event| {
        log.borrow_mut().push((event.phase, event.candidates, event.collected, event.uncollectable));
    });
    let ring = world.ring(3);
    on_last_words(&ring[0], |this| drop(this.next.take()));
    let kept = world.node();
    drop(ring);
    world.collector.collect(Generation::Old);
    // The finalizer broke the ring: that was no work of the collection.
    assert_eq!(events.take(), [(Phase::Start, 4, 0, 0), (Phase::Stop, 4, 0, 0)]);
    assert_eq!(world.live(), 1);
    drop(kept);
}

/// Notes the steps of a collector.
fn steps_of(collector: &Collector) -> Rc<RefCell<Vec<StepEvent>>> {
    let steps: Rc<RefCell<Vec<StepEvent>>> = Rc::default();
    let log = Rc::clone(&steps);
    collector.observe_steps(move |event| log.borrow_mut().push(*event));
    steps
}

fn names(events: &[StepEvent]) -> Vec<(Step, usize)> {
    events.iter().map(|event| (event.step, event.objects)).collect()
}

#[test]
fn steps_are_told_in_the_order_in_which_they_are_done() {
    let world = World::new();
    let steps = steps_of(&world.collector);
    let kept = world.node();
    world.collector.collect(Generation::Young);
    assert_eq!(names(&steps.take()), [(Step::Count, 1), (Step::Spread, 1)]);
    let ring = world.ring(3);
    on_last_words(&ring[0], |this| drop(this.next.take()));
    let ring_of_two = world.ring(2);
    let weak = Gc::downgrade(&ring_of_two[0]);
    drop((ring, ring_of_two));
    world.collector.collect(Generation::Old);
    let events = steps.take();
    assert_eq!(
        names(&events),
        [
            (Step::Count, 6),
            (Step::Spread, 1),
            (Step::KillWeak, 5),
            (Step::Finalize, 5),
            (Step::Count, 2),
            (Step::Spread, 0),
            (Step::Destroy, 2),
        ],
        "the finalizer broke the first ring"
    );
    assert!(events.iter().all(|event| event.generation == Generation::Old && event.duration.is_some()));
    // Each begins where the one before it ended.
    for pair in events.windows(2) {
        assert_eq!(pair[0].start.zip(pair[0].duration).map(|(start, duration)| start + duration), pair[1].start);
    }
    drop((weak, kept));
}

#[test]
fn plain_garbage_is_counted_and_destroyed() {
    #[derive(Trace)]
    struct Plain(RefCell<Option<Gc<Plain>>>);
    let collector = Collector::new();
    let steps = steps_of(&collector);
    let plain = Gc::new_in(Plain(RefCell::default()), &collector);
    *plain.0.borrow_mut() = Some(plain.clone());
    drop(plain);
    collector.collect(Generation::Old);
    assert_eq!(names(&steps.take()), [(Step::Count, 1), (Step::Spread, 0), (Step::Destroy, 1)]);
}

#[test]
fn the_slices_of_a_search_are_told_with_the_steps_in_them() {
    let world = World::new();
    let steps = steps_of(&world.collector);
    let length = if cfg!(miri) { 60 } else { 2_000 };
    drop(world.ring(length));
    let mut slices = 1;
    while !world.collector.step(length / 6) {
        slices += 1;
    }
    let events = steps.take();
    let of = |step| events.iter().filter(move |event| event.step == step);
    assert_eq!(of(Step::Slice).count(), slices);
    assert!(slices > 5 && of(Step::Slice).all(|event| event.objects == length / 6));
    assert_eq!(of(Step::Destroy).map(|event| event.objects).sum::<usize>(), length);
    // What is destroyed is destroyed within a slice.
    let destroyed = of(Step::Destroy).next().expect("there was garbage");
    let end = |event: &StepEvent| event.start.zip(event.duration).map(|(start, duration)| start + duration);
    assert!(of(Step::Slice).any(|slice| slice.start <= destroyed.start && end(destroyed) <= end(slice)));
}

#[test]
fn a_clock_of_the_programs_own_is_not_read_where_it_could_look_at_half_a_collection() {
    thread_local! {
        static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
    }
    /// Looks at everything, makes garbage, and panics now and then.
    fn meddling() -> Duration {
        let collector = COLLECTOR.with_borrow(Clone::clone).expect("it was put there");
        assert!(collector.objects(Generation::Old).len() < 1_000);
        drop(collector.leaking());
        let scrap = Gc::new_in(RefCell::new(None), &collector);
        *scrap.borrow_mut() = Some(Gc::into_dyn(scrap.clone()));
        TIME.set(TIME.get() + 1);
        assert_ne!(TIME.get() % 7, 0, "a clock");
        Duration::from_secs(TIME.get().into())
    }
    let world = World::new();
    TIME.set(0);
    COLLECTOR.set(Some(world.collector.clone()));
    let steps = steps_of(&world.collector);
    world.collector.set_clock(Some(meddling));
    for round in 0..20 {
        let ring = world.ring(3);
        if round % 2 == 0 {
            on_last_words(&ring[0], |_| {});
        }
        let weak = (round % 3 == 0).then(|| Gc::downgrade(&ring[0]));
        drop(ring);
        let _ = panics(|| world.collector.collect(Generation::Old));
        let events = steps.take();
        let split = events.iter().filter(|event| matches!(event.step, Step::Count | Step::Spread));
        assert!(split.clone().count() > 0 && split.clone().all(|event| event.duration.is_none()));
        let _ = panics(|| while !world.collector.step(3) {});
        steps.take();
        drop(weak);
    }
    world.collector.set_clock(None);
    COLLECTOR.set(None);
    world.collector.collect(Generation::Old);
    assert_eq!(world.live(), 0);
}

#[test]
fn an_observer_of_steps_may_do_anything_and_goes_when_it_is_told_to() {
    let world = World::new();
    let calls = Rc::new(Cell::new(0));
    let (collector, count) = (world.collector.clone(), Rc::clone(&calls));
    let id = world.collector.observe_steps(move |_| {
        count.set(count.get() + 1);
        assert_eq!(collector.collect(Generation::Old), 0);
        assert!(collector.leaking().is_empty());
        panic!("an observer");
    });
    drop(world.ring(3));
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!((calls.get(), world.live()), (6, 0));
    assert!(world.collector.remove_observer(id) && !world.collector.remove_observer(id));
    drop(world.ring(3));
    world.collector.collect(Generation::Old);
    assert_eq!((calls.get(), world.live()), (6, 0));
}

#[test]
fn observers_of_steps_may_come_and_go_in_the_middle_of_a_collection() {
    let world = Rc::new(World::new());
    let calls = Rc::new(Cell::new(0));
    let ids = Rc::new(RefCell::new(Vec::new()));
    let ring = world.ring(3);
    // The first finalizer brings an observer, which the second sends away again.
    let (inner, count, log) = (Rc::downgrade(&world), Rc::clone(&calls), Rc::clone(&ids));
    on_last_words(&ring[0], move |_| {
        let world = inner.upgrade().expect("it is collecting");
        let id = world.collector.observe_steps(move |_| count.set(count.get() + 1));
        log.borrow_mut().push(id);
    });
    let (inner, log) = (Rc::downgrade(&world), Rc::clone(&ids));
    on_last_words(&ring[1], move |_| {
        let world = inner.upgrade().expect("it is collecting");
        assert!(log.take().into_iter().all(|id| world.collector.remove_observer(id)));
    });
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 3);
    assert_eq!(calls.get(), 0);
    // One that stays is told of whole collections only.
    let ring = world.ring(3);
    let (inner, steps) = (Rc::downgrade(&world), Rc::new(RefCell::new(None)));
    let log = Rc::clone(&steps);
    on_last_words(&ring[2], move |_| {
        let world = inner.upgrade().expect("it is collecting");
        *log.borrow_mut() = Some(steps_of(&world.collector));
    });
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 3);
    let steps = steps.take().expect("it was brought");
    assert_eq!(names(&steps.take()), []);
    world.collector.collect(Generation::Old);
    assert_eq!(names(&steps.take()), [(Step::Count, 0), (Step::Spread, 0)]);
}
