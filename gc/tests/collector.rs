//! Single properties of collections, finalizers, weak handles and panics.

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::panic;
use std::rc::Rc;
use std::thread;

use mudlark_gc::{Collector, Finalize, Gc, Generation, Phase, Trace, WeakGc};

#[derive(Trace)]
#[trace(finalize = Node::last_words)]
struct Node {
    next: RefCell<Option<Gc<Node>>>,
    #[trace(skip)]
    last_words: RefCell<Option<LastWords>>,
    #[trace(skip)]
    _on_drop: OnDrop,
}

type LastWords = Box<dyn FnOnce(&Gc<Node>)>;

/// Runs something when its owner is dropped.
#[derive(Default)]
struct OnDrop(Option<Box<dyn FnOnce()>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

impl Node {
    fn last_words(this: &Gc<Self>) {
        let words = this.last_words.take();
        if let Some(words) = words {
            words(this);
        }
    }
}

/// A collector and what is needed to make nodes in it.
struct World {
    collector: Collector,
}

impl World {
    fn new() -> Self {
        let collector = Collector::new();
        collector.disable();
        Self { collector }
    }

    fn node(&self) -> Gc<Node> {
        self.node_with_drop(OnDrop::default())
    }

    fn node_with_drop(&self, on_drop: OnDrop) -> Gc<Node> {
        let node = Node { next: RefCell::default(), last_words: RefCell::default(), _on_drop: on_drop };
        Gc::new_in(node, &self.collector)
    }

    fn ring(&self, length: usize) -> Vec<Gc<Node>> {
        let nodes: Vec<_> = (0..length).map(|_| self.node()).collect();
        for (index, node) in nodes.iter().enumerate() {
            *node.next.borrow_mut() = Some(nodes[(index + 1) % length].clone());
        }
        nodes
    }

    fn live(&self) -> usize {
        self.collector.stats().objects
    }
}

fn on_last_words(node: &Gc<Node>, words: impl FnOnce(&Gc<Node>) + 'static) {
    *node.last_words.borrow_mut() = Some(Box::new(words));
}

fn panics<R>(code: impl FnOnce() -> R) -> bool {
    panic::catch_unwind(AssertUnwindSafe(code)).is_err()
}

#[test]
fn a_list_of_any_length_is_dropped_in_a_small_stack() {
    let length = if cfg!(miri) { 500 } else { 300_000 };
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
    let thread = thread::Builder::new().stack_size(128 * 1024).spawn(drop_lists);
    thread.expect("a thread").join().expect("no overflow");
}

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
fn a_forgotten_handle_keeps_its_object() {
    let world = World::new();
    let ring = world.ring(2);
    core::mem::forget(ring[0].clone());
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 0);
    assert_eq!(world.live(), 2);
}

#[test]
fn panics_of_finalizers_and_destructors_do_not_stop_a_collection() {
    let world = World::new();
    let ring = world.ring(5);
    for node in &ring {
        on_last_words(node, |_| panic!("a finalizer"));
    }
    drop(ring);
    let panicking = world.node_with_drop(OnDrop(Some(Box::new(|| panic!("a destructor")))));
    *panicking.next.borrow_mut() = Some(panicking.clone());
    drop(panicking);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!(world.live(), 0);
    assert_eq!(world.collector.stats().generations[2].collected, 6);

    drop(world.ring(2));
    assert_eq!(world.collector.collect(Generation::Old), 2, "the collector works on");
}

#[test]
fn a_panic_in_a_finalizer_leaves_the_drop_that_caused_it() {
    let world = World::new();
    let node = world.node();
    on_last_words(&node, |_| panic!("a finalizer"));
    *node.next.borrow_mut() = Some(world.node());
    assert!(panics(move || drop(node)));
    assert_eq!(world.live(), 0);
}

#[test]
fn a_panic_while_another_unwinds_does_not_end_the_program() {
    let world = World::new();
    let node = world.node();
    on_last_words(&node, |_| panic!("a finalizer"));
    assert!(panics(move || {
        let _dropped_by_unwinding = node;
        panic!("the first");
    }));
    assert_eq!(world.live(), 0);
}

/// Panics in its trace when armed.
struct Bomb {
    armed: Rc<Cell<bool>>,
    next: RefCell<Option<Gc<Bomb>>>,
    neighbour: Option<Gc<Node>>,
}

// SAFETY: reports each handle once; panicking reports less, and only then.
unsafe impl Trace for Bomb {
    fn trace(&self, tracer: &mut mudlark_gc::Tracer<'_>) {
        assert!(!self.armed.get(), "a trace");
        self.next.trace(tracer);
        self.neighbour.trace(tracer);
    }
}

impl World {
    /// Garbage, once its handle is dropped.
    fn bomb(&self, armed: &Rc<Cell<bool>>, neighbour: Option<Gc<Node>>) -> Gc<Bomb> {
        let bomb = Bomb { armed: Rc::clone(armed), next: RefCell::default(), neighbour };
        let bomb = Gc::new_in(bomb, &self.collector);
        *bomb.next.borrow_mut() = Some(bomb.clone());
        bomb
    }
}

#[test]
fn a_panicking_trace_leaves_everything_as_it_was() {
    let world = World::new();
    let armed = Rc::new(Cell::new(true));
    drop(world.bomb(&armed, None));
    let ring = world.ring(3);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!(world.live(), 4);
    armed.set(false);
    assert_eq!(world.collector.collect(Generation::Old), 1);
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 3);
}

#[test]
fn a_trace_that_panics_after_finalizers_have_run_leaves_the_garbage_for_another_time() {
    let world = World::new();
    let armed = Rc::new(Cell::new(false));
    let node = world.node();
    on_last_words(&node, {
        let armed = Rc::clone(&armed);
        move |_| armed.set(true)
    });
    drop(world.bomb(&armed, Some(node)));
    assert!(panics(|| world.collector.collect(Generation::Young)));
    assert_eq!(world.live(), 2);
    armed.set(false);
    assert_eq!(world.collector.collect(Generation::Young), 0);
    assert_eq!(world.collector.collect(Generation::Middle), 2);
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
fn automatic_collections_keep_a_loop_that_makes_rings_flat() {
    let world = World::new();
    world.collector.enable();
    let rounds = if cfg!(miri) { 1000 } else { 50_000 };
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
    for round in 0..if cfg!(miri) { 500 } else { 20_000 } {
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
fn recursive_types_are_tracked_whether_they_hold_handles_or_not() {
    #[derive(Trace)]
    struct Tree {
        children: Vec<Tree>,
        by_name: std::collections::HashMap<String, Tree>,
    }
    let world = World::new();
    let tree = Tree { children: vec![], by_name: Default::default() };
    let tree = Gc::new_in(Tree { children: vec![tree], by_name: Default::default() }, &world.collector);
    assert!(Gc::is_tracked(&tree));
    assert_eq!(tree.children.len() + tree.by_name.len(), 1);
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
fn the_derive_takes_structs_enums_generics_and_skips() {
    #[derive(Trace)]
    struct Unit;
    #[derive(Trace)]
    struct Generic<T, const N: usize>([Option<T>; N], Unit);
    #[derive(Trace)]
    enum Shape<T> {
        Empty,
        Tuple(T, Gc<u8>),
        Named {
            left: Gc<T>,
            #[trace(skip)]
            _note: core::marker::PhantomPinned,
        },
    }
    #[derive(Trace)]
    enum Never {}
    #[derive(Trace)]
    #[trace(bound = "K: Trace, V: Trace + Ord")]
    struct Bounded<K, V: Ord>(std::collections::BTreeMap<V, K>);

    let collector = Collector::new();
    let byte = Gc::new_in(1, &collector);
    let tuple = Gc::new_in(Shape::Tuple(byte.clone(), byte.clone()), &collector);
    let named =
        Gc::new_in(Shape::Named { left: Gc::new_in(2, &collector), _note: core::marker::PhantomPinned }, &collector);
    assert_eq!(Gc::referents(&tuple).len(), 2);
    assert_eq!(Gc::referents(&named).len(), 1);
    assert!(!Gc::is_tracked(&Gc::new_in(Generic([Some(1), None], Unit), &collector)));
    assert!(Gc::is_tracked(&Gc::new_in(Generic([Some(byte)], Unit), &collector)));
    assert!(!Gc::is_tracked(&Gc::new_in(Bounded([(1, 2)].into()), &collector)));
    assert!(!<Never as Trace>::needs_trace(1));
    assert!(matches!(Shape::<u8>::Empty, Shape::Empty));
    if let Shape::Named { left, .. } = &*named {
        assert_eq!(**left, 2);
    }
}

#[test]
#[expect(
    non_upper_case_globals,
    dead_code,
    reason = "names that a derive might use by accident mean something else here"
)]
fn the_derive_is_hygienic() {
    const tracer: u8 = 0;
    const field_0: u8 = 0;
    enum Option {
        Some,
    }
    macro_rules! define {
        ($name:ident { $($field:ident: $type:ty),* }) => {
            #[derive(Trace)]
            struct $name<'r#loop: 'static, T: 'static, const depth: usize>
            where
                T: Clone,
            {
                r#type: Gc<T>,
                tracer: [T; depth],
                #[trace(skip)]
                borrowed: &'r#loop str,
                $($field: $type),*
            }
        };
    }
    define!(Odd { option: core::option::Option<Gc<u8>> });
    let collector = Collector::new();
    let byte = Gc::new_in(1_u8, &collector);
    let odd = Odd { r#type: byte.clone(), tracer: [1, 2], borrowed: "", option: Some(byte) };
    let odd = Gc::new_in(odd, &collector);
    assert_eq!(Gc::referents(&odd).len(), 2);
    assert_eq!((odd.r#type.count_ones(), odd.tracer, odd.borrowed, odd.option.is_some()), (1, [1, 2], "", true));
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
