//! Looking at graphs: names of edges, chains, holds, garbage, censuses.

use core::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::world::{Node, OnDrop, World, on_last_words, panics};
use mudlark_gc::{Census, Collector, Gc, Generation, Graph, Held, NamedTracer, Trace, Tracer, WeakMap};

type Leaf = Gc<u32>;

#[derive(Trace)]
struct Shape {
    r#type: Leaf,
    list: RefCell<VecDeque<Option<Leaf>>>,
    pair: (u8, Leaf),
    array: [Cell<Option<Leaf>>; 2],
    nested: Vec<Inner>,
    any: Box<dyn Trace>,
    map: BTreeMap<Leaf, Leaf>,
    set: HashSet<Leaf>,
    failure: Result<u8, Leaf>,
    range: core::ops::Range<Leaf>,
    variants: [Variant; 2],
    manual: Manual,
}

#[derive(Trace)]
struct Inner(u8, Leaf);

#[derive(Trace)]
enum Variant {
    Tuple(u8, Leaf),
    Named { left: Box<[Leaf]> },
}

/// Says nothing of names.
struct Manual(Leaf, Leaf);

// SAFETY: reports each handle once.
unsafe impl Trace for Manual {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.edge(&self.0);
        tracer.edge(&self.1);
    }
}

#[test]
fn every_edge_has_the_name_of_the_field_that_it_is_in() {
    let collector = Collector::new();
    let leaves: Vec<Leaf> = (0..19).map(|number| Gc::new_in(number, &collector)).collect();
    let mut next = leaves.iter().cloned();
    let mut leaf = || next.next().expect("enough leaves");
    let shape = Shape {
        r#type: leaf(),
        list: RefCell::new(VecDeque::from([None, Some(leaf())])),
        pair: (0, leaf()),
        array: [Cell::new(None), Cell::new(Some(leaf()))],
        nested: vec![Inner(0, leaf()), Inner(1, leaf())],
        any: Box::new(Some((leaf(), 1))),
        map: BTreeMap::from([(leaf(), leaf()), (leaf(), leaf())]),
        set: HashSet::from([leaf()]),
        failure: Err(leaf()),
        range: leaf()..leaf(),
        variants: [Variant::Tuple(0, leaf()), Variant::Named { left: Box::new([leaf()]) }],
        manual: Manual(leaf(), leaf()),
    };
    let shape = Gc::new_in(shape, &collector);
    let map = WeakMap::new();
    let attached = Gc::new_in(99, &collector);
    map.insert(&shape, Inner(0, attached.clone()));
    let names: Vec<String> = leaves.iter().chain([&attached]).map(|leaf| name_of(&collector, &shape, leaf)).collect();
    assert_eq!(
        names,
        [
            "type",
            "list[1]",
            "pair.1",
            "array[1]",
            "nested[0].1",
            "nested[1].1",
            "any.0",
            "map.keys[0]",
            "map[0]",
            "map.keys[1]",
            "map[1]",
            "set[0]",
            "failure.Err",
            "range.start",
            "range.end",
            "variants[0].Tuple.1",
            "variants[1].Named.left[0]",
            "manual",
            "manual",
            "(weak map).1",
        ]
    );
    assert_eq!(name_of(&collector, &Gc::new_in(Some(attached.clone()), &collector), &attached), "");
    let (Variant::Tuple(number, _), Variant::Named { left }) = (&shape.variants[0], &shape.variants[1]) else {
        panic!("as they were made")
    };
    assert_eq!((*number, left.len(), shape.nested[1].0, Gc::referents(&shape).len()), (0, 1, 1, 20));
}

/// What the edge between two objects is called.
fn name_of<T: ?Sized>(collector: &Collector, from: &Gc<T>, to: &Leaf) -> String {
    let to = Gc::into_dyn(to.clone());
    let chain = collector.chain(from, |held| Gc::ptr_eq(held.object(), &to)).expect("there is an edge");
    chain.edges()[0].clone()
}

/// A chain of nodes, the first of which has no other handle than the one that is returned.
fn row(world: &World, length: usize) -> (Gc<Node>, Gc<Node>) {
    let last = world.node();
    let mut first = last.clone();
    for _ in 1..length {
        let before = world.node();
        *before.next.borrow_mut() = Some(first);
        first = before;
    }
    (first, last)
}

fn is_held(held: &Held) -> bool {
    held.external_count() > 0
}

#[test]
fn a_chain_begins_with_the_nearest_object_that_is_held() {
    let world = World::new();
    let (first, last) = row(&world, 4);
    let chain = world.collector.backref_chain(&last, is_held).expect("the first is held");
    assert_eq!(chain.edges(), ["next", "next", "next"]);
    assert!(Gc::ptr_eq(chain.objects()[0].object(), &Gc::into_dyn(first.clone())));
    drop(chain);
    // A second handle to the last makes that the nearest.
    let second = last.clone();
    assert_eq!(world.collector.backref_chain(&last, is_held).expect("it is held itself").edges().len(), 0);
    drop((first, second));
    assert!(world.collector.backref_chain(&last, is_held).is_none(), "what led to it is gone");
    assert_eq!(Gc::strong_count(&last), 1);
}

#[test]
fn a_predicate_may_do_anything() {
    let world = World::new();
    let collector = world.collector.clone();
    let (first, last) = row(&world, 5);
    let mut first = Some(first);
    let mut asked = 0;
    let chain = collector.backref_chain(&last, |held| {
        asked += 1;
        // With the first, all but the last would go, were they not about to be asked about.
        drop(first.take());
        drop(world.ring(3));
        assert_eq!(collector.collect(Generation::Old), 3);
        assert!(collector.leaking().is_empty());
        assert!(collector.backref_chain(&last, |_| false).is_none());
        let _ = Graph::whole(&collector).to_dot();
        held.is::<Node>() && asked == 5
    });
    // The last that was asked about is still there, with the edges that it had.
    assert_eq!(chain.as_ref().map(|chain| (chain.objects().len(), chain.edges()[0].as_str())), Some((5, "next")));
    assert_eq!(world.live(), 5);
    drop(chain);
    assert_eq!((world.live(), Gc::strong_count(&last)), (1, 1));
}

#[test]
fn an_edge_that_a_predicate_cuts_has_no_name() {
    let world = World::new();
    let (first, last) = row(&world, 2);
    let chain = world.collector.backref_chain(&last, |held| {
        drop(first.next.take());
        !Gc::ptr_eq(held.object(), &Gc::into_dyn(last.clone()))
    });
    assert_eq!(chain.expect("it was there").to_string().lines().last(), Some("  -> Node"));
}

#[test]
fn a_predicate_that_panics_leaves_every_count_as_it_was() {
    let world = World::new();
    let (first, last) = row(&world, 3);
    let mut asked = 0;
    assert!(panics(|| world.collector.backref_chain(&last, |_| {
        asked += 1;
        assert!(asked < 3, "a predicate");
        false
    })));
    assert_eq!([Gc::strong_count(&first), Gc::strong_count(&last)], [1, 2]);
    drop(first);
    assert_eq!(world.live(), 1);
}

/// Panics when it is traced, if it is to.
struct Bomb {
    armed: Rc<Cell<bool>>,
    next: RefCell<Option<Gc<Bomb>>>,
}

// SAFETY: reports each handle once; panicking reports less, and only then.
unsafe impl Trace for Bomb {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.next.trace(tracer);
        assert!(!self.armed.get(), "a trace");
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.field("next", &self.next);
        assert!(!self.armed.get(), "a trace");
    }
}

#[test]
fn a_trace_that_panics_leaves_everything_as_it_was() {
    let collector = Collector::new();
    let armed = Rc::new(Cell::new(false));
    let bombs: Vec<_> =
        (0..3).map(|_| Gc::new_in(Bomb { armed: Rc::clone(&armed), next: RefCell::default() }, &collector)).collect();
    for (index, bomb) in bombs.iter().enumerate() {
        *bomb.next.borrow_mut() = Some(bombs[(index + 1) % 3].clone());
    }
    let questions: [&dyn Fn(); 6] = [
        &|| drop(collector.leaking()),
        &|| drop(collector.held_from_outside()),
        &|| assert_eq!(collector.external_count(&bombs[0]), 0),
        &|| drop(collector.backref_chain(&bombs[0], |_| false)),
        &|| drop(collector.chain(&bombs[0], |_| false)),
        &|| drop(Graph::whole(&collector).to_dot()),
    ];
    let intact = || bombs.iter().all(|bomb| Gc::strong_count(bomb) == 2);
    for question in questions {
        armed.set(true);
        assert!(panics(question) && intact());
        armed.set(false);
        question();
        assert!(intact());
    }
    // Names are asked for when all has been looked at.
    let first = Gc::into_dyn(bombs[0].clone());
    let not_first = |held: &Held| {
        armed.set(true);
        !Gc::ptr_eq(held.object(), &first)
    };
    assert!(panics(|| collector.chain(&bombs[0], not_first)));
    armed.set(false);
    drop(first);
    assert!(intact());
    assert_eq!(collector.census().objects(), 3);
    drop(bombs);
    assert_eq!(collector.collect(Generation::Old), 3);
}

#[test]
fn what_a_borrowed_cell_holds_is_held_from_outside() {
    let world = World::new();
    let (first, last) = row(&world, 2);
    assert_eq!(world.collector.external_count(&last), 0);
    let borrowed = first.next.borrow_mut();
    assert_eq!(world.collector.external_count(&last), 1);
    let dot = Graph::among(&world.collector, [&first, &last]).to_dot().to_string();
    assert!(!dot.contains("next"));
    drop(borrowed);
    assert_eq!(world.collector.external_count(&last), 0);
}

#[test]
fn what_is_frozen_and_what_it_leads_to_is_no_garbage() {
    let world = World::new();
    let ring = world.ring(2);
    world.collector.freeze();
    let tail = world.node();
    on_last_words(&tail, |_| {});
    *ring[0].next.borrow_mut() = Some(tail.clone());
    *tail.next.borrow_mut() = Some(ring[1].clone());
    *ring[1].next.borrow_mut() = Some(ring[0].clone());
    drop((ring, tail));
    assert_eq!(world.collector.leaking().len(), 0);
    assert_eq!(world.collector.collect(Generation::Old), 0);
    assert_eq!(world.collector.census().of_type::<Node>().map(|row| (row.frozen, row.objects)), Some((2, 3)));
    world.collector.unfreeze();
    assert_eq!(world.collector.leaking().len(), 3);
    assert_eq!(world.collector.collect(Generation::Old), 3);
}

#[test]
fn garbage_counts_as_outside_while_it_is_being_collected() {
    let world = Rc::new(World::new());
    let (kept, ring) = (world.node(), world.ring(2));
    let asked = Rc::new(Cell::new(0));
    let look = {
        let (world, kept, asked) = (Rc::downgrade(&world), Gc::downgrade(&kept), Rc::clone(&asked));
        move |this: Option<&Gc<Node>>| {
            let world = world.upgrade().expect("it is still there");
            let kept = kept.upgrade().expect("it is held");
            let collector = &world.collector;
            assert!(collector.leaking().is_empty());
            assert!(
                collector.held_from_outside().iter().all(|held| Gc::ptr_eq(held.object(), &Gc::into_dyn(kept.clone())))
            );
            assert_eq!(collector.census().of_type::<Node>().map(|row| row.generations.iter().sum()), Some(1_usize));
            assert_eq!(Graph::whole(collector).to_dot().to_string().matches("Node\\n").count(), 1);
            if let Some(this) = this {
                assert!(
                    collector
                        .backref_chain(this, |held| !Gc::ptr_eq(held.object(), &Gc::into_dyn(this.clone())))
                        .is_none()
                );
                assert_eq!(Graph::of(collector, [this]).to_dot().to_string().matches("Node\\n").count(), 1);
            }
            asked.set(asked.get() + 1);
        }
    };
    let (in_drop, in_finalizer) = (look.clone(), look.clone());
    on_last_words(&ring[0], move |this| in_finalizer(Some(this)));
    let dropped = world.node_with_drop(OnDrop(Some(Box::new(move || in_drop(None)))));
    *dropped.next.borrow_mut() = Some(ring[0].clone());
    *ring[1].next.borrow_mut() = Some(dropped);
    let weak = Gc::downgrade_with_callback(&ring[1], move || look(None));
    drop(ring);
    assert_eq!(world.collector.collect(Generation::Old), 3);
    assert_eq!((asked.get(), world.live()), (3, 1));
    drop((weak, kept));
}

#[test]
fn objects_of_other_collectors_and_untracked_ones_are_where_chains_end() {
    let (one, other) = (World::new(), World::new());
    let (near, far) = (one.node(), other.node());
    *near.next.borrow_mut() = Some(far.clone());
    let chain = one.collector.chain(&near, |held| Gc::ptr_eq(held.object(), &Gc::into_dyn(far.clone())));
    assert_eq!(chain.map(|chain| chain.objects().len()), Some(2));
    assert_eq!((one.collector.external_count(&far), other.collector.external_count(&far)), (0, 1));
    let near_one = Gc::into_dyn(near.clone());
    assert!(other.collector.backref_chain(&far, |held| Gc::ptr_eq(held.object(), &near_one)).is_none());
    let stray = Gc::new_in(1_u8, &one.collector);
    assert_eq!(one.collector.external_count(&stray), 0);
    assert!(one.collector.backref_chain(&stray, is_held).is_none());
    let dot = Graph::of(&one.collector, [&near]).to_dot().to_string();
    assert!(dot.contains("another collector's"));
}

#[test]
fn a_census_says_what_has_grown_and_where_it_is() {
    let collector = Collector::new();
    let numbers: Vec<_> = (0..3_u64).map(|number| Gc::new_in(number, &collector)).collect();
    let mut pairs: Vec<_> = numbers.iter().map(|number| Gc::new_in(Some(number.clone()), &collector)).collect();
    collector.collect(Generation::Young);
    let before = collector.census();
    let more: Vec<_> = numbers[..2].iter().map(|number| Gc::new_in(Some(number.clone()), &collector)).collect();
    let word = Gc::new_in("tide", &collector);
    drop(pairs.pop());
    let now = collector.census();
    let row = now.of_type::<Option<Gc<u64>>>().expect("there are some");
    assert_eq!((row.objects, row.generations, row.untracked()), (4, [2, 2, 0], 0));
    let numbers_row = now.of_type::<u64>().expect("there are some");
    assert_eq!((numbers_row.untracked(), numbers_row.frozen), (3, 0));
    assert_eq!((now.objects(), now.bytes()), (collector.stats().objects, collector.stats().bytes));
    let growth = now.growth(&before);
    let grown: Vec<_> = growth.types().iter().map(|row| (row.name, row.objects, row.new_objects)).collect();
    assert_eq!(
        grown,
        [("&str", 1, 1), (core::any::type_name::<Option<Gc<u64>>>(), 4, 1)],
        "of equally many the names decide"
    );
    assert_eq!(before.growth(&before).types(), []);
    let table = format!("{now:.1}");
    assert!(table.contains("Option<Gc<u64>>") && table.contains("… 2 more types") && table.contains("\nall "));
    assert!(format!("{now:#}").contains("mudlark_gc::gc::Gc<u64>"));
    assert_eq!(format!("{growth:.0}"), "type    objects     growth        bytes\n… 2 more types");
    let few = Census::of(&[Gc::into_dyn(word.clone()), Gc::into_dyn(word), Gc::into_dyn(more[0].clone())]);
    assert_eq!(few.types().iter().map(|row| row.objects).collect::<Vec<_>>(), [1, 1]);
}
