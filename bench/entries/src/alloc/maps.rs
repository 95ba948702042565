//! Maps of strings: keys come and go at random in a map of some thousands. What a program does that keeps an index: nodes
//! of several sizes (BTreeMap) or one table that is replaced as it grows (HashMap), and many short strings. One operation
//! is a look-up, and an insertion or a removal.

use core::hash::BuildHasherDefault;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};

use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// How many keys there are; half of them are in the map at a time.
const KEYS: usize = 20_000;

/// A map whose hashes repeat in every run.
type RepeatableHashMap = HashMap<String, String, BuildHasherDefault<DefaultHasher>>;

/// `steps` keys come or go in a `BTreeMap`.
pub(crate) fn btree(steps: usize) -> Outcome {
    let mut map = BTreeMap::new();
    timed(steps, || churn(steps, |key, value| come_or_go(map.remove(&key), || map.insert(key, value))))
}

/// `steps` keys come or go in a `HashMap`.
pub(crate) fn hash(steps: usize) -> Outcome {
    let mut map = RepeatableHashMap::default();
    timed(steps, || churn(steps, |key, value| come_or_go(map.remove(&key), || map.insert(key, value))))
}

fn churn(steps: usize, mut step: impl FnMut(String, String) -> usize) -> u64 {
    let mut random = Random::new(3);
    let mut checksum = 0;
    for _ in 0..steps {
        let key = random.below(KEYS);
        let value = "x".repeat(random.between(1, 100));
        checksum = mix(checksum, step(format!("a key of the map: {key}"), value) as u64);
    }
    checksum
}

/// What was not there is inserted. Returns the length of what was.
fn come_or_go(gone: Option<String>, insert: impl FnOnce() -> Option<String>) -> usize {
    match gone {
        Some(value) => value.len(),
        None => {
            insert();
            0
        }
    }
}
