//! An iterator has one value at a time, where a Vec in between has them all: Python's generators against lists.
//!
//! Run with `cargo run --release --example iterators`.

use std::io::{BufRead as _, BufReader};

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const COUNT: u64 = 1_000_000;

fn main() {
    let mut costs = Costs::of("the sum of the squares that are even");
    let (collected, in_vecs) = costs.measure("with a Vec for each step", || {
        let numbers: Vec<u64> = (0..COUNT).collect();
        let squares: Vec<u64> = numbers.iter().map(|number| number * number).collect();
        squares.iter().filter(|square| *square % 2 == 0).sum::<u64>()
    });
    let (streamed, in_iterators) = costs.measure("with an iterator for each step", || {
        let numbers = 0..COUNT;
        let squares = numbers.map(|number| number * number);
        squares.filter(|square| square % 2 == 0).sum::<u64>()
    });
    println!("{costs}");
    assert_eq!(collected, streamed);
    assert_eq!((in_vecs.peak, in_iterators.peak), (16_000_000, 0));

    // The same for input: a line at a time, into one buffer that is used again.
    let file = "gravel gravel silver gravel\n".repeat(10_000);
    let mut costs = Costs::of("lines that have silver");
    let (all, whole) = costs.measure("all lines as Strings", || {
        let lines: Vec<String> = BufReader::new(file.as_bytes()).lines().map_while(Result::ok).collect();
        lines.iter().filter(|line| line.contains("silver")).count()
    });
    let (each, by_line) = costs.measure("one String for all lines", || {
        let mut reader = BufReader::new(file.as_bytes());
        let mut line = String::new();
        let mut found = 0;
        while reader.read_line(&mut line).is_ok_and(|len| len > 0) {
            found += usize::from(line.contains("silver"));
            line.clear();
        }
        found
    });
    println!("{costs}");
    assert_eq!((all, each), (10_000, 10_000));
    assert!(by_line.peak < 10_000 && by_line.peak * 50 < whole.peak);
    assert!(by_line.requests < 10 && whole.requests > 10_000);
}
