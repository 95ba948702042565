//! Pools of a fixed number of values: each place has one value at a time, and each value is dropped once.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::rc::Rc;
use std::thread;

use mudlark_core_alloc::{DefaultLock, Pooled, StaticPool};

/// A value that counts those that are alive.
struct Counted<'a>(&'a AtomicUsize, u64);

impl<'a> Counted<'a> {
    fn new(alive: &'a AtomicUsize, number: u64) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(alive, number)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn there_are_as_many_places_as_the_type_says() {
    let alive = AtomicUsize::new(0);
    let pool: StaticPool<Counted<'_>, 5> = StaticPool::new();
    for round in 0..3 {
        let mut values: Vec<_> = (0..5).filter_map(|number| pool.insert(Counted::new(&alive, number)).ok()).collect();
        assert_eq!((values.len(), alive.load(Ordering::Relaxed)), (5, 5), "round {round}");
        let refused = pool.insert(Counted::new(&alive, 77));
        assert_eq!(refused.err().map(|value| value.1), Some(77), "it comes back");
        drop(values.swap_remove(2));
        values.push(pool.insert(Counted::new(&alive, 6)).ok().expect("a place is free"));
        let mut numbers: Vec<_> = values.iter().map(|value| value.1).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 3, 4, 6]);
        drop(values);
        assert_eq!(alive.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn values_may_be_smaller_than_a_link_or_nothing_at_all() {
    static BYTES: StaticPool<u8, 3> = StaticPool::new();
    static NOTHING: StaticPool<(), 2> = StaticPool::new();
    let mut bytes: Vec<_> = (0..3).filter_map(|byte| BYTES.insert(byte).ok()).collect();
    *bytes[1] += 100;
    assert_eq!(bytes.iter().map(|byte| **byte).collect::<Vec<_>>(), [0, 101, 2]);
    assert!(BYTES.insert(0).is_err());
    let nothing = [(); 2].map(|()| NOTHING.insert(()).ok());
    assert!(nothing.iter().all(Option::is_some));
    assert!(NOTHING.insert(()).is_err());
    let none: StaticPool<u8, 0> = StaticPool::new();
    assert_eq!(none.insert(4).err(), Some(4));
}

#[test]
fn a_value_that_is_forgotten_keeps_its_place() {
    static POOL: StaticPool<u32, 1> = StaticPool::new();
    core::mem::forget(POOL.insert(1));
    assert_eq!(POOL.insert(2).err(), Some(2));
}

#[test]
fn a_pool_may_live_where_its_values_are_for_one_thread() {
    let pool: StaticPool<Rc<u32>, 2> = StaticPool::new();
    let value = Rc::new(4);
    let pooled = pool.insert(Rc::clone(&value)).expect("it is empty");
    assert_eq!((**pooled, Rc::strong_count(&value)), (4, 2));
    drop(pooled);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_pool_may_be_moved_while_it_has_no_values() {
    let pool: StaticPool<u64, 2> = StaticPool::new();
    drop([1, 2].map(|value| pool.insert(value).ok()));
    let pool = Box::new(pool);
    let values = [3, 4].map(|value| pool.insert(value).expect("both places are free"));
    assert_eq!(values.map(|value| *value), [3, 4]);
}

#[test]
fn threads_share_a_pool() {
    static POOL: StaticPool<[usize; 4], 16> = StaticPool::new();
    const ROUNDS: usize = if cfg!(miri) { 30 } else { 5000 };
    let churn = |seed: usize| {
        let mut kept: Vec<(usize, Pooled<'_, _, 16, DefaultLock>)> = Vec::new();
        for round in 0..ROUNDS {
            let number = round * 4 + seed;
            kept.extend(POOL.insert([number; 4]).ok().map(|pooled| (number, pooled)));
            if kept.len() > 5 {
                let (number, pooled) = kept.swap_remove(round % kept.len());
                assert_eq!(*pooled, [number; 4]);
            }
        }
    };
    thread::scope(|scope| (0..4).for_each(|seed| drop(scope.spawn(move || churn(seed)))));
    let all: Vec<_> = core::iter::from_fn(|| POOL.insert([0; 4]).ok()).collect();
    assert_eq!(all.len(), 16);
}
