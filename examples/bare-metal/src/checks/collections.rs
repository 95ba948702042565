//! Collections of `alloc`.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A bit of each.
pub fn all() {
    let map: BTreeMap<u32, String> = (0..100).map(|n| (n * 7 % 101, n.to_string())).collect();
    assert_eq!(map[&(42 * 7 % 101)], "42");
    let words: Vec<&str> = map.values().map(String::as_str).collect();
    assert_eq!(words.join(" ").split(' ').count(), 100);
    let shapes: [Box<dyn Fn(u32) -> u32>; 2] =
        [Box::new(|side| side * side), Box::new(move |r| 3 * r * r + words.len() as u32)];
    assert_eq!(shapes.map(|area| area(4)), [16, 148]);
}
