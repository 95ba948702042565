//! Numbers take as many bytes as their type, whatever they are: Python's `array` module and numpy's dtypes.
//!
//! Run with `cargo run --release --example packed_numbers`.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const COUNT: usize = 1_000_000;

/// Yes or no, a bit each.
struct Bits {
    words: Box<[u64]>,
}

impl Bits {
    fn collect(answers: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut words = vec![0; answers.len().div_ceil(64)].into_boxed_slice();
        answers.enumerate().for_each(|(at, answer)| words[at / 64] |= u64::from(answer) << (at % 64));
        Self { words }
    }

    fn get(&self, at: usize) -> bool {
        self.words[at / 64] >> (at % 64) & 1 == 1
    }
}

fn main() {
    let mut costs = Costs::of("a million depths in centimetres, below 200");
    let depth = |number: usize| number % 200;
    let (_, boxes) = costs.measure("Vec<Box<usize>>", || (0..COUNT).map(|n| Box::new(depth(n))).collect::<Vec<_>>());
    let (_, words) = costs.measure("Vec<usize>", || (0..COUNT).map(depth).collect::<Vec<_>>());
    let (bytes, packed) =
        costs.measure("Vec<u8>", || (0..COUNT).filter_map(|n| u8::try_from(depth(n)).ok()).collect::<Box<[u8]>>());
    println!("{costs}");
    let word = size_of::<usize>().cast_signed();
    assert_eq!((boxes.held, words.held, packed.held), (2_000_000 * word, 1_000_000 * word, 1_000_000));

    let mut costs = Costs::of("where it is deeper than a metre");
    let is_deep = |depth: &u8| *depth > 100;
    let (flags, bools) = costs.measure("Vec<bool>", || bytes.iter().map(is_deep).collect::<Vec<bool>>());
    let (bits, bit_each) = costs.measure("a bit each", || Bits::collect(bytes.iter().map(is_deep)));
    println!("{costs}");
    assert_eq!((bools.held, bit_each.held), (1_000_000, 125_000));
    assert!(flags.iter().enumerate().all(|(at, &flag)| bits.get(at) == flag));
}
