//! The squares of a million numbers, as a list and as a generator: what each line takes, by `#[mem_profile]`.
//!
//! Run with `cargo run --release --example lists_and_generators`.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Metered, mem_profile};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

#[mem_profile]
fn sum_of_list(count: u64) -> u64 {
    let squares: Vec<u64> = (0..count).map(|number| number * number).collect();
    squares.iter().sum()
}

#[mem_profile]
fn sum_of_generator(count: u64) -> u64 {
    let squares = (0..count).map(|number| number * number);
    squares.sum()
}

fn main() {
    let list = sum_of_list(1_000_000);
    let generator = sum_of_generator(1_000_000);
    assert_eq!(list, generator);
    println!("both sums are {list}");
}
