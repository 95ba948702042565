//! Interners, caches, pools, weak maps and sets.

#[cfg(feature = "drop-context")]
mod contexts;

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use mudlark_rc::{Counted, Interner, ObjectPool, Pooled, ValueCache, WeakMap, WeakSet};
use std::collections::HashMap;
use std::panic::{catch_unwind, resume_unwind};
use std::rc::Rc;

/// A generator of numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits") % end
    }
}

#[test]
fn equal_symbols_are_one_as_long_as_they_are_in_use() {
    let interner = Interner::<str>::new();
    let mut in_use: HashMap<String, Vec<Counted<str>>> = HashMap::new();
    let mut numbers = Numbers(1);
    for _ in 0..if cfg!(miri) { 300 } else { 30_000 } {
        let text = format!("symbol {}", numbers.below(200));
        if numbers.below(2) == 0 {
            let symbol = interner.intern(text.as_str());
            assert_eq!(*symbol, *text);
            let same = in_use.entry(text).or_default();
            assert!(same.iter().all(|other| Counted::ptr_eq(other, &symbol)));
            same.push(symbol);
        } else {
            in_use.remove(&text);
            assert!(interner.get(text.as_str()).is_none());
        }
        if numbers.below(1000) == 0 {
            interner.purge();
        }
    }
    assert_eq!(interner.len(), in_use.len());
    let mut left: Vec<String> = interner.symbols_in_use().iter().map(|symbol| symbol.to_string()).collect();
    let mut expected = Vec::from_iter(in_use.into_keys());
    left.sort();
    expected.sort();
    assert_eq!(left, expected);
    assert!(interner.is_empty());
}

#[test]
fn any_value_can_be_a_symbol_and_is_found_by_what_it_lends() {
    let owned = Interner::<String>::new();
    let symbol = owned.intern(String::from("text"));
    assert!(Counted::ptr_eq(&owned.get("text").unwrap(), &symbol));
    assert!(Counted::ptr_eq(&owned.intern(symbol.clone()), &symbol));

    let slices = Interner::<[u32]>::new();
    let symbol = slices.intern(&[1, 2][..]);
    assert!(Counted::ptr_eq(&slices.intern(vec![1, 2]), &symbol));
    let pairs = Interner::<(u8, char)>::default();
    assert!(Counted::ptr_eq(&pairs.intern((1, 'a')), &pairs.intern((1, 'a'))) || pairs.is_empty());
}

#[test]
fn a_symbol_whose_drop_uses_the_interner_may() {
    thread_local! {
        static INTERNER: Interner<Nested> = Interner::new();
    }
    #[derive(Hash, PartialEq, Eq)]
    struct Nested(u32);
    impl Drop for Nested {
        fn drop(&mut self) {
            if self.0 > 0 {
                INTERNER.with(|interner| drop(interner.intern(Nested(self.0 - 1))));
            }
        }
    }
    INTERNER.with(|interner| drop(interner.intern(Nested(10))));
    INTERNER.with(|interner| assert!(interner.is_empty()));
}

/// A symbol that uses its interner whenever it is hashed, compared or dropped. All have the same hash, and it panics when it
/// is compared with one of its own name and another case.
struct Meddling(String);

thread_local! {
    static MEDDLED: Interner<Meddling> = Interner::new();
    static MEDDLES: Cell<bool> = const { Cell::new(false) };
}

#[cfg(feature = "std")]
static MEDDLED_BY_ALL: std::sync::LazyLock<mudlark_rc::SyncInterner<Meddling>> =
    std::sync::LazyLock::new(mudlark_rc::SyncInterner::new);

/// Uses both interners, once at a time: it comes here again by itself.
fn meddle() {
    if MEDDLES.replace(false) {
        drop(MEDDLED.with(|interner| interner.intern(Meddling("other".into()))));
        #[cfg(feature = "std")]
        drop(MEDDLED_BY_ALL.intern(Meddling("other".into())));
        MEDDLES.set(true);
    }
}

impl core::hash::Hash for Meddling {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        meddle();
        state.write_u8(0);
    }
}

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        meddle();
        let same_but_for_case = self.0 != other.0 && self.0.eq_ignore_ascii_case(&other.0);
        if same_but_for_case {
            resume_unwind(Box::new("as planned"));
        }
        self.0 == other.0
    }
}

impl Eq for Meddling {}

impl Drop for Meddling {
    fn drop(&mut self) {
        meddle();
    }
}

/// Interns symbols that meddle, and one that panics.
macro_rules! meddle_with {
    ($interner:expr, $handle:ident) => {{
        MEDDLES.set(true);
        let kept = ["one", "two", "three"].map(|name| $interner.intern(Meddling(name.into())));
        for symbol in &kept {
            assert!($handle::ptr_eq(symbol, &$interner.intern(Meddling(symbol.0.clone()))));
            assert!($interner.get(&Meddling("other".into())).is_none());
        }
        let panic = catch_unwind(|| $interner.intern(Meddling("TWO".into()))).map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"as planned"));
        let panic = catch_unwind(|| $interner.get(&Meddling("THREE".into()))).map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"as planned"));
        assert_eq!($interner.len(), 3);
        drop(kept);
        MEDDLES.set(false);
        assert!($interner.is_empty());
    }};
}

#[test]
fn symbols_may_use_their_interner_and_panic_when_they_are_hashed_compared_and_dropped() {
    MEDDLED.with(|interner| {
        let interner = AssertUnwindSafe(interner);
        meddle_with!({ &interner }, Counted);
    });
    #[cfg(feature = "std")]
    {
        use mudlark_rc::SyncCounted;
        meddle_with!(AssertUnwindSafe(&*MEDDLED_BY_ALL), SyncCounted);
    }
}

#[cfg(feature = "std")]
#[test]
fn threads_agree_on_symbols() {
    use mudlark_rc::{SyncCounted, SyncInterner};

    let interner = SyncInterner::<str>::new();
    let rounds = if cfg!(miri) { 10 } else { 2000 };
    let symbols = std::thread::scope(|scope| {
        let run = || {
            let mut kept = Vec::new();
            for i in 0..rounds {
                // Some are in use all the time, and some come and go.
                kept.push(interner.intern(format!("{}", i % 7)));
                assert_eq!(&*interner.intern(format!("gone {}", i % 3)), format!("gone {}", i % 3));
            }
            kept
        };
        [scope.spawn(run), scope.spawn(run), scope.spawn(run)].map(|thread| thread.join().unwrap())
    });
    for (one, other) in symbols[0].iter().zip(&symbols[1]).chain(symbols[1].iter().zip(&symbols[2])) {
        assert!(SyncCounted::ptr_eq(one, other));
    }
    assert_eq!(interner.len(), 7);
}

#[test]
fn small_integers_are_shared_and_large_ones_are_not() {
    let cache: ValueCache<i64, _> = ValueCache::default();
    for number in [-5, -1, 0, 1, 256] {
        assert!(Counted::ptr_eq(&cache.get(number), &cache.get(number)));
        assert_eq!((*cache.get(number), cache.shared(number).map(|value| **value)), (number, Some(number)));
    }
    for number in [-6, 257, i64::MIN, i64::MAX] {
        assert!(!Counted::ptr_eq(&cache.get(number), &cache.get(number)));
        assert_eq!((*cache.get(number), cache.shared(number).is_none()), (number, true));
    }
    assert_eq!(*cache.range(), -5..=256);
}

#[test]
fn a_cache_of_any_range_has_just_that() {
    for (first, last) in [(0, -1), (3, 3), (i64::MAX - 1, i64::MAX), (i64::MIN, i64::MIN + 2), (-1, 1)] {
        let cache = ValueCache::<_, _, mudlark_rc::Local>::new(first..=last, |number| number.to_string());
        for number in [i64::MIN, i64::MIN + 2, -2, -1, 0, 1, 3, 4, i64::MAX - 1, i64::MAX] {
            assert_eq!(cache.shared(number).is_some(), (first..=last).contains(&number), "{number}");
            assert_eq!(*cache.get(number), number.to_string());
        }
    }
}

#[test]
fn a_pool_gives_out_what_was_brought_back_reset_and_keeps_no_more_than_it_may() {
    let pool = ObjectPool::new(2, || Vec::<u8>::with_capacity(100), Vec::clear);
    assert_eq!(pool.hit_rate(), None);
    let mut objects: Vec<Pooled<Vec<u8>>> = (0..3).map(|_| pool.take()).collect();
    for object in &mut objects {
        object.get_mut().unwrap().push(1);
        assert!(object.clone().get_mut().is_none());
    }
    let places: Vec<*const Vec<u8>> = objects.iter().map(|object| &raw const **object).collect();
    drop(objects);
    assert_eq!((pool.free(), pool.capacity()), (2, 2));
    let again = [pool.take(), pool.take()];
    assert!(again.iter().all(|object| object.is_empty() && places[..2].contains(&&raw const **object)));
    assert_eq!((pool.free(), pool.hit_rate()), (0, Some(2.0 / 5.0)));
    let [one, two] = again;
    drop(one);
    pool.clear();
    assert_eq!(pool.free(), 0);
    drop(pool);
    drop(two);
}

#[test]
fn an_object_may_bring_others_back_while_it_is_reset() {
    struct Tree(Option<Pooled<Tree>>);
    let pool = ObjectPool::new(3, || Tree(None), |tree| drop(tree.0.take()));
    let mut tree = pool.take();
    for _ in 0..5 {
        let mut parent = pool.take();
        parent.get_mut().unwrap().0 = Some(tree);
        tree = parent;
    }
    drop(tree);
    assert_eq!(pool.free(), 3);
    assert!(pool.take().0.is_none());
}

#[test]
fn entries_vanish_with_their_keys() {
    let map: WeakMap<str, Rc<Cell<u32>>> = WeakMap::new();
    let value = Rc::new(Cell::new(1));
    let (one, two) = (Counted::<str>::from("equal"), Counted::<str>::from("equal"));
    assert!(map.insert(&one, value.clone()).is_none());
    assert!(!map.contains_key(&two), "keys are told apart by identity");
    assert_eq!(map.insert(&one, value.clone()), Some(value.clone()));
    map.insert(&two, value.clone());
    assert_eq!((map.len(), Rc::strong_count(&value)), (2, 3));
    drop(one);
    assert_eq!((map.len(), Rc::strong_count(&value)), (1, 2));
    assert_eq!(map.remove(&two), Some(value.clone()));
    assert_eq!((map.remove(&two), map.get(&two), map.is_empty()), (None, None, true));
    map.insert(&two, value.clone());
    drop(map);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn short_maps_leave_nothing_with_a_key_that_lives_on() {
    let key = Counted::<str>::from("key");
    let weak = Counted::downgrade(&key);
    let value = Rc::new(());
    let others = [WeakMap::new(), WeakMap::new()];
    assert!(others[0].insert(&key, 1).is_none());
    for i in 0..if cfg!(miri) { 10 } else { 1000 } {
        let (map, set) = (WeakMap::new(), WeakSet::new());
        map.insert(&key, value.clone());
        set.insert(&key);
        others[1].insert(&key, i);
        match i % 4 {
            0 => map.clear(),
            1 => drop(map.remove(&key)),
            2 => assert!(set.remove(&key)),
            _ => assert_eq!(Rc::strong_count(&value), 2),
        }
        others[1].remove(&key);
    }
    // Each map that is there watches the key by one weak handle; a callback of a map that is gone would be called here.
    assert_eq!((weak.weak_count(), Rc::strong_count(&value)), (2, 1));
    assert_eq!(others.each_ref().map(WeakMap::len), [1, 0]);
    drop(key);
    assert_eq!(others.each_ref().map(WeakMap::len), [0, 0]);
}

#[test]
fn maps_may_be_dropped_and_cleared_in_any_order_also_while_the_key_is() {
    let mut numbers = Numbers(3);
    for round in 0..if cfg!(miri) { 20 } else { 2000 } {
        let key = Counted::new(round);
        let maps: Rc<RefCell<Vec<WeakMap<i32, String>>>> = Rc::default();
        for i in 0..numbers.below(6) {
            let (map, maps_too) = (WeakMap::new(), maps.clone());
            map.insert(&key, i.to_string());
            maps.borrow_mut().push(map);
            // Before or after the callbacks of some of the maps.
            let victim = numbers.below(6);
            let _not_kept = Counted::downgrade_with_callback(&key, move || {
                let mut maps = maps_too.borrow_mut();
                assert!(maps.iter().all(|map| map.is_empty() && map.iter().next().is_none()));
                if victim < maps.len() {
                    maps.swap_remove(victim);
                }
            });
        }
        let gone = numbers.below(6);
        if gone < maps.borrow().len() {
            maps.borrow_mut().remove(gone);
        }
        let len = maps.borrow().iter().map(WeakMap::len).sum::<usize>();
        assert_eq!(len, maps.borrow().len());
        drop(key);
        assert!(maps.borrow().iter().all(WeakMap::is_empty));
        assert_eq!(Rc::strong_count(&maps), 1);
    }
}

#[test]
fn a_clone_that_drops_a_key_panics_and_the_dead_entry_stands_for_no_other_key() {
    struct DropsAnother(Rc<RefCell<Option<Counted<u64>>>>);
    impl Clone for DropsAnother {
        fn clone(&self) -> Self {
            let other = self.0.take();
            drop(other);
            Self(self.0.clone())
        }
    }
    let map = WeakMap::new();
    let other = Rc::new(RefCell::new(Some(Counted::new(0))));
    map.insert(other.borrow().as_ref().unwrap(), DropsAnother(other.clone()));
    let key = Counted::new(1);
    map.insert(&key, DropsAnother(other.clone()));
    assert!(catch_unwind(AssertUnwindSafe(|| map.get(&key))).is_err());
    assert_eq!((map.len(), map.iter().count()), (1, 1));
    // One of these may lie where the dead key was.
    let news: Vec<Counted<u64>> = (0..100).map(Counted::new).collect();
    for new in &news {
        assert!(!map.contains_key(new) && map.get(new).is_none() && map.remove(new).is_none());
        assert!(map.insert(new, DropsAnother(other.clone())).is_none());
    }
    assert_eq!(map.len(), 101);
    drop(news);
    assert_eq!(map.len(), 1);
}

#[test]
fn an_immortal_key_keeps_its_entry_until_it_is_taken_out() {
    mudlark_rc::static_counted! { static KEY: u8 = 1; }
    let map = WeakMap::new();
    map.insert(&KEY.counted(), "value");
    assert_eq!((map.len(), map.get(&KEY.counted())), (1, Some("value")));
    assert_eq!((map.remove(&KEY.counted()), map.len()), (Some("value"), 0));
}

#[test]
fn a_map_may_change_in_every_way_while_it_is_iterated_over() {
    let map = WeakMap::new();
    let keys = RefCell::new(Vec::from_iter((0..100).map(Counted::new)));
    for key in &*keys.borrow() {
        map.insert(key, **key);
    }
    let mut seen = 0;
    for (key, value) in map.iter() {
        assert_eq!(*key, value);
        seen += 1;
        let dropped = keys.borrow_mut().pop();
        drop(dropped);
        let new = Counted::new(1000);
        map.insert(&new, 1000);
        keys.borrow_mut().insert(0, new);
        if let Some(other) = keys.borrow().get(seen) {
            map.remove(other);
        }
        assert_ne!(value, 1000);
    }
    assert!((25..100).contains(&seen));
}

#[test]
fn a_value_whose_drop_uses_the_map_may() {
    struct Uses(Rc<WeakMap<u8, Uses>>, Counted<u8>);
    impl Drop for Uses {
        fn drop(&mut self) {
            assert!(!self.0.contains_key(&self.1));
            assert!(self.0.is_empty());
        }
    }
    let map = Rc::new(WeakMap::new());
    let (key, other) = (Counted::new(1), Counted::new(2));
    map.insert(&key, Uses(map.clone(), other));
    drop(key);
    assert!(map.is_empty());
}

#[test]
fn a_set_has_its_living_members() {
    let set = WeakSet::<u32>::default();
    let mut members = Vec::new();
    let mut numbers = Numbers(2);
    for i in 0..if cfg!(miri) { 100 } else { 5000 } {
        if members.is_empty() || numbers.below(2) == 0 {
            let member = Counted::new(i);
            assert!(set.insert(&member) && !set.insert(&member));
            members.push(member);
        } else {
            let member = members.swap_remove(numbers.below(members.len()));
            assert!(set.contains(&member));
            if numbers.below(2) == 0 {
                assert!(set.remove(&member) && !set.remove(&member));
            }
        }
    }
    let mut left: Vec<u32> = set.iter().map(|member| *member).collect();
    let mut expected: Vec<u32> = members.iter().map(|member| **member).collect();
    left.sort_unstable();
    expected.sort_unstable();
    assert_eq!((left, set.len()), (expected, members.len()));
    set.clear();
    assert!(set.is_empty());
}
