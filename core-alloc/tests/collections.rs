//! Collections that live in private heaps, by the `Allocator` trait.

#![cfg(all(feature = "std", feature = "allocator-api2"))]

mod common;

use allocator_api2::boxed::Box as BoxIn;
use allocator_api2::vec::Vec as VecIn;
use common::Random;
use hashbrown::{DefaultHashBuilder, HashMap};
use mudlark_core_alloc::PrivateHeap;
use std::collections::BTreeMap;

#[test]
fn a_vector_in_a_private_heap_grows_and_shrinks() {
    let heap = PrivateHeap::new();
    let mut numbers = VecIn::new_in(&heap);
    let count = if cfg!(miri) { 10_000 } else { 1_000_000_u32 };
    numbers.extend(0..count);
    assert!(numbers.iter().copied().eq(0..count));
    numbers.truncate(10);
    numbers.shrink_to_fit();
    assert_eq!(heap.stats().blocks + heap.stats().large_blocks, 1);
    assert_eq!(heap.stats().block_bytes, 48);
    drop(numbers);
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn a_map_of_vectors_in_a_private_heap_agrees_with_std() {
    let heap = PrivateHeap::new();
    let random = &mut Random::announced(37);
    let mut map: HashMap<u64, VecIn<u64, &PrivateHeap>, DefaultHashBuilder, &PrivateHeap> =
        HashMap::with_hasher_in(DefaultHashBuilder::default(), &heap);
    let mut model: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        let (key, value) = (random.next() % 500, random.next());
        if random.below(10) == 0 {
            assert_eq!(map.remove(&key).is_some(), model.remove(&key).is_some());
        } else {
            map.entry(key).or_insert_with(|| VecIn::new_in(&heap)).push(value);
            model.entry(key).or_default().push(value);
        }
    }
    assert_eq!(map.len(), model.len());
    assert!(model.iter().all(|(key, values)| map[key].as_slice() == values.as_slice()));
    let stats = heap.stats();
    assert_eq!(stats.blocks + stats.large_blocks, model.len() + 1, "a block for each vector, and the table's: {stats}");
}

#[test]
fn what_is_leaked_in_a_private_heap_goes_with_it() {
    let heap = PrivateHeap::new();
    let leaked: &mut [u64; 1000] = BoxIn::leak(BoxIn::new_in([7; 1000], &heap));
    leaked[999] += 1;
    assert_eq!(leaked.iter().sum::<u64>(), 7001);
    assert_eq!(heap.stats().block_bytes, 8192);
    drop(heap);
}

#[test]
fn a_collection_that_owns_its_heap_moves_with_it() {
    let mut map: HashMap<u64, u64, DefaultHashBuilder, PrivateHeap> =
        HashMap::with_hasher_in(DefaultHashBuilder::default(), PrivateHeap::new());
    map.extend((0..200).map(|n| (n, n * n)));
    let map = std::thread::spawn(move || {
        map.retain(|key, _| key % 2 == 0);
        map.shrink_to_fit();
        map
    });
    let map = map.join().expect("a thread that ends well");
    assert!((0..200).all(|n| map.get(&n).copied() == (n % 2 == 0).then_some(n * n)));
    let stats = map.allocator().stats();
    assert_eq!(stats.blocks + stats.large_blocks, 1, "{stats}");
}
