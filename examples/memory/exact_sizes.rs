//! A Vec that was pushed to has room to spare, and each of many small ones a pointer, a length and a capacity: arrays and boxed
//! slices do without. Python's tuples against lists.
//!
//! Run with `cargo run --release --example exact_sizes`.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const COUNT: u64 = 600_000;

fn main() {
    let mut costs = Costs::of("numbers that come one by one");
    let (grown, pushed) = costs.measure("pushed to a Vec", || {
        let mut numbers = Vec::new();
        (0..COUNT).for_each(|number| numbers.push(number));
        numbers
    });
    let (_, boxed) = costs.measure("and then a boxed slice", || grown.clone().into_boxed_slice());
    let (_, reserved) = costs.measure("pushed to a Vec with_capacity", || {
        let mut numbers = Vec::with_capacity(600_000);
        (0..COUNT).for_each(|number| numbers.push(number));
        numbers
    });
    println!("{costs}");
    assert_eq!((pushed.held, boxed.held, reserved.held), ((8 << 20), 4_800_000, 4_800_000));
    assert_eq!(reserved.requests, 1);

    let mut costs = Costs::of("10 000 colours of three bytes");
    let colour = |number: u32| {
        let [_, red, green, blue] = number.to_be_bytes();
        [red, green, blue]
    };
    let (_, vecs) = costs.measure("Vec<Vec<u8>>", || (0..10_000).map(|n| colour(n).to_vec()).collect::<Vec<_>>());
    let (_, boxes) =
        costs.measure("Vec<Box<[u8]>>", || (0..10_000).map(|n| Box::from(colour(n))).collect::<Vec<Box<[u8]>>>());
    let (_, boxed_arrays) =
        costs.measure("Vec<Box<[u8; 3]>>", || (0..10_000).map(|n| Box::new(colour(n))).collect::<Vec<_>>());
    let (_, arrays) = costs.measure("Vec<[u8; 3]>", || (0..10_000).map(colour).collect::<Vec<_>>());
    println!("{costs}");
    let handle = size_of::<usize>().cast_signed();
    assert_eq!(vecs.held, 10_000 * (3 * handle + 3));
    assert_eq!(boxes.held, 10_000 * (2 * handle + 3));
    assert_eq!(boxed_arrays.held, 10_000 * (handle + 3));
    assert_eq!((arrays.held, arrays.requests), (30_000, 1));
}
