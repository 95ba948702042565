//! `Mudlark` as the global allocator: everything that a program allocates comes from it.
//!
//! Run with `cargo run --release --example hello_alloc`.

use std::collections::BTreeMap;
use std::thread;

use mudlark_core_alloc::Mudlark;

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

/// How often each letter occurs.
fn count_letters(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        *counts.entry(letter).or_default() += 1;
    }
    counts
}

fn main() {
    let before = Mudlark::stats();

    let texts = ["A mudlark combs the river bank", "and gives what was lost", "a second life"];
    let threads: Vec<_> = texts.into_iter().map(|text| thread::spawn(move || count_letters(text))).collect();
    let counts: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect();
    for (text, counts) in texts.iter().zip(&counts) {
        println!("{text:>32}: {counts:?}");
    }

    let mut large: Vec<u64> = Vec::new();
    large.extend(0..1_000_000);
    println!("\nbefore\n{before}\n\nwith eight megabytes more\n{}", Mudlark::stats());

    drop((counts, large));
    Mudlark::collect();
    println!("\nafter\n{}", Mudlark::stats());
}
