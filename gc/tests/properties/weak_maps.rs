//! Weak maps: a value lives as long as its key, whatever it leads to.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::world::{Node, OnDrop, World, on_last_words, panics};
use mudlark_gc::{Collector, Gc, Generation, Trace, WeakMap};

/// A value that leads somewhere, and says when it is dropped.
#[derive(Trace)]
struct Note<T> {
    to: RefCell<Option<Gc<T>>>,
    #[trace(skip)]
    _on_drop: OnDrop,
}

fn note<T>(to: Option<Gc<T>>, drops: &Rc<Cell<usize>>) -> Note<T> {
    let drops = Rc::clone(drops);
    Note { to: RefCell::new(to), _on_drop: OnDrop(Some(Box::new(move || drops.set(drops.get() + 1)))) }
}

#[test]
fn a_value_that_leads_to_its_key_does_not_keep_it_whatever_the_key_is() {
    fn check<T: Trace + 'static>(make: impl Fn(&Collector) -> Gc<T>) {
        let (collector, drops) = (Collector::new(), Rc::default());
        let map = WeakMap::new();
        let (dies, lives) = (make(&collector), make(&collector));
        for key in [&dies, &lives] {
            map.insert(key, note(Some(key.clone()), &drops));
            assert!(Gc::is_tracked(key));
        }
        let weak = Gc::downgrade(&dies);
        drop(dies);
        assert_eq!((weak.strong_count(), map.len(), drops.get()), (1, 2, 0));
        assert_eq!(collector.collect(Generation::Old), 1);
        assert_eq!((weak.strong_count(), map.len(), drops.get()), (0, 1, 1));
        assert_eq!(map.with(&lives, |note| note.to.borrow().is_some()), Some(true));
        drop(lives);
        while !collector.step(10) {}
        assert_eq!((map.len(), drops.get(), collector.stats().objects), (0, 2, 0), "searches find it, too");
    }
    check(|collector| Gc::new_in("cannot hold a handle".to_string(), collector));
    check(|collector| Gc::new_in(RefCell::new(None::<Gc<u8>>), collector));
}

#[test]
fn keys_and_values_may_form_cycles_of_any_length() {
    let (world, drops) = (World::new(), Rc::default());
    let maps: [WeakMap<Node, Note<Node>>; 3] = Default::default();
    let keys: Vec<_> = (0..30).map(|_| world.node()).collect();
    for (index, key) in keys.iter().enumerate() {
        maps[index % 3].insert(key, note(Some(keys[(index + 1) % 30].clone()), &drops));
    }
    let kept = keys[7].clone();
    drop(keys);
    assert_eq!(world.collector.collect(Generation::Old), 0, "one key keeps all");
    drop(kept);
    assert_eq!((world.collector.collect(Generation::Old), drops.get()), (30, 30));
    assert!(maps.iter().all(WeakMap::is_empty));
}

#[test]
fn automatic_collections_find_what_a_value_keeps() {
    let (world, drops) = (World::new(), Rc::default());
    world.collector.enable();
    world.collector.set_thresholds([50, 2, 2]);
    let map = WeakMap::new();
    let rounds = if cfg!(miri) { 300 } else { 3_000 };
    for _ in 0..rounds {
        let key = world.node();
        map.insert(&key, note(Some(key.clone()), &drops));
    }
    assert!(world.live() < 250 && map.len() == world.live(), "{} objects live", world.live());
    assert_eq!(drops.get(), rounds - world.live());
}

#[test]
fn a_value_goes_with_its_key_its_map_or_by_itself() {
    let (world, drops) = (World::new(), Rc::default());
    let map = WeakMap::new();
    let (one, other, third) = (world.node(), world.node(), world.node());
    for key in [&one, &other, &third] {
        assert!(map.insert(key, note::<u8>(None, &drops)).is_none());
    }
    drop(one);
    assert_eq!((map.len(), drops.get(), map.keys().len()), (2, 1, 2));
    drop(map.remove(&other));
    assert_eq!((map.contains_key(&other), drops.get(), Gc::weak_count(&other)), (false, 2, 0));
    drop(map.insert(&third, note(None, &drops)));
    assert_eq!((map.len(), drops.get()), (1, 3));
    drop(map);
    assert_eq!((Gc::weak_count(&third), drops.get()), (0, 4));

    let leaf = Gc::new_in(1, &world.collector);
    let map = WeakMap::from_one(&leaf);
    assert!(Gc::is_tracked(&leaf));
    map.clear();
    assert!(!Gc::is_tracked(&leaf) && world.collector.generation_of(&leaf).is_none());
}

trait FromOne {
    fn from_one(key: &Gc<i32>) -> Self;
}

impl FromOne for WeakMap<i32, u8> {
    fn from_one(key: &Gc<i32>) -> Self {
        let map = Self::new();
        map.insert(key, 1);
        map
    }
}

#[test]
fn a_map_inside_garbage_lets_go_of_what_it_knows() {
    #[derive(Default, Trace)]
    struct Owner {
        map: WeakMap<Owner, Note<Owner>>,
        next: RefCell<Option<Gc<Owner>>>,
    }
    let (collector, drops) = (Collector::new(), Rc::default());
    let (owner, key) = (Gc::new_in(Owner::default(), &collector), Gc::new_in(Owner::default(), &collector));
    *owner.next.borrow_mut() = Some(owner.clone());
    owner.map.insert(&key, note(None, &drops));
    owner.map.insert(&owner, note(Some(key.clone()), &drops));
    drop(owner);
    assert_eq!((Gc::strong_count(&key), collector.collect(Generation::Old)), (2, 1));
    assert_eq!((Gc::strong_count(&key), Gc::weak_count(&key), drops.get()), (1, 0, 2));
}

#[test]
fn a_finalizer_finds_no_entry_in_a_collection_but_may_make_one() {
    let (world, drops) = (World::new(), Rc::new(Cell::new(0)));
    let map: Rc<WeakMap<Node, Note<Node>>> = Rc::default();
    for collected in [true, false] {
        drops.set(0);
        let node = world.node();
        if collected {
            *node.next.borrow_mut() = Some(node.clone());
        }
        map.insert(&node, note(None, &drops));
        on_last_words(&node, {
            let (map, drops) = (Rc::clone(&map), Rc::clone(&drops));
            move |this| {
                assert_eq!((map.contains_key(this), drops.get()), (!collected, usize::from(collected)));
                map.insert(this, note(Some(this.clone()), &drops));
                assert!(map.contains_key(this));
            }
        });
        drop(node);
        world.collector.collect(Generation::Old);
        // What was made by a finalizer that runs when the last handle goes resurrects the key, for the collection.
        assert_eq!((world.live(), map.len(), drops.get()), (0, 0, 2));
    }
}

#[test]
fn a_value_that_panics_when_it_is_dropped_stops_nothing() {
    let world = World::new();
    let map = WeakMap::new();
    let panicking = || Note::<Node> { to: RefCell::default(), _on_drop: OnDrop(Some(Box::new(|| panic!("a value")))) };
    let ring = world.ring(3);
    ring.iter().for_each(|key| drop(map.insert(key, panicking())));
    drop(ring);
    assert!(panics(|| world.collector.collect(Generation::Old)));
    assert_eq!((world.live(), map.len()), (0, 0));

    let (one, other) = (world.node(), world.node());
    map.insert(&one, panicking());
    map.insert(&other, panicking());
    assert!(panics(|| map.clear()));
    assert!(panics(|| map.clear()));
    map.clear();
    assert!(map.is_empty() && Gc::weak_count(&one) == 0);
}

#[test]
fn dead_keys_do_not_pile_up() {
    let world = World::new();
    let map = WeakMap::new();
    let lasting = if cfg!(miri) { 12 } else { 100 };
    let kept: Vec<_> = (0..lasting).map(|_| world.node()).collect();
    for key in &kept {
        map.insert(key, 0_u8);
        (0..10).for_each(|_| assert_eq!(map.insert(&world.node(), 1), None));
    }
    assert_eq!((map.len(), map.keys().len()), (lasting, lasting));
    assert_eq!(format!("{map:?}"), format!("WeakMap {{ len: {lasting}, .. }}"));
    assert!(kept.iter().all(|key| map.get(key) == Some(0)));
}

#[test]
fn a_value_that_is_being_read_stays_whatever_its_reader_tries() {
    let (world, drops) = (World::new(), Rc::default());
    let map = WeakMap::new();
    let key = world.node();
    map.insert(&key, note(None::<Gc<Node>>, &drops));
    for attempt in 0..3 {
        let try_it = || match attempt {
            0 => map.clear(),
            1 => drop(map.remove(&key)),
            _ => drop(map.insert(&key, note(None, &Rc::default()))),
        };
        assert!(panics(|| map.with(&key, |_| try_it())));
        assert_eq!((map.len(), map.contains_key(&key), drops.get()), (1, true, 0));
    }
    drop(map);
    assert_eq!(drops.get(), 1, "the map still knew it");
}

#[test]
fn a_map_drops_all_values_though_one_panics() {
    let (world, drops) = (World::new(), Rc::default());
    let map = WeakMap::new();
    let keys: Vec<_> = (0..5).map(|_| world.node()).collect();
    let _others: Vec<_> = keys.iter().map(Gc::downgrade).collect();
    for (index, key) in keys.iter().enumerate() {
        let value: Note<Node> = note(None, &drops);
        let bomb = OnDrop(Some(Box::new(move || assert_ne!(index, 2, "a value"))));
        map.insert(key, (value, Rc::new(bomb)));
    }
    assert!(panics(|| drop(map)));
    assert_eq!(drops.get(), 5);
}
