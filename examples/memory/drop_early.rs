//! What is not needed any more can go before its scope ends, and a Vec's block can serve for what is made of it: Python's `del`.
//!
//! Run with `cargo run --release --example drop_early`.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Costs, Metered};

#[global_allocator]
static ALLOCATOR: Metered<Mudlark> = Metered::new(Mudlark::new());

const COUNT: u32 = 1_000_000;

/// What one step makes, the next one reads.
fn measure() -> Vec<u32> {
    (0..COUNT).collect()
}

fn smooth(samples: &[u32]) -> Vec<u32> {
    samples.windows(3).map(|window| window.iter().sum::<u32>() / 3).collect()
}

fn differences(samples: &[u32]) -> Vec<u32> {
    samples.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn main() {
    let mut costs = Costs::of("samples in three steps");
    let (kept, to_the_end) = costs.measure("all kept to the end of the scope", || {
        let samples = measure();
        let smooth = smooth(&samples);
        differences(&smooth)
    });
    let (dropped, early) = costs.measure("dropped after the last use", || {
        let samples = measure();
        let smooth = smooth(&samples);
        drop(samples);
        differences(&smooth)
    });
    let (in_place, one_block) = costs.measure("each step in the same block", || {
        let mut samples = measure();
        (2..samples.len()).for_each(|at| samples[at - 2] = samples[at - 2..=at].iter().sum::<u32>() / 3);
        samples.truncate(samples.len() - 2);
        (1..samples.len()).for_each(|at| samples[at - 1] = samples[at] - samples[at - 1]);
        samples.truncate(samples.len() - 1);
        samples
    });
    println!("{costs}");

    assert!(kept == dropped && kept == in_place);
    assert_eq!(to_the_end.peak, 11_999_980);
    assert_eq!(early.peak, 7_999_992);
    assert_eq!((one_block.peak, one_block.requests), (4_000_000, 1));

    // `into_iter` and `collect` use the block of a Vec again, if what comes fits into it.
    let mut costs = Costs::of("from u32 to f32");
    let (_, borrowed) = costs.measure("by iter, and collect", || {
        let samples = measure();
        samples.iter().map(|&sample| sample as f32).collect::<Vec<_>>()
    });
    let (_, taken) = costs.measure("by into_iter, and collect", || {
        let samples = measure();
        samples.into_iter().map(|sample| sample as f32).collect::<Vec<_>>()
    });
    println!("{costs}");
    assert_eq!((borrowed.peak, taken.peak), (8_000_000, 4_000_000));
}
