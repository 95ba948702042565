//! Random programs see the same with our handles as with std's.

#[cfg(feature = "drop-context")]
mod contexts;

mod programs;

use programs::{Op, Worlds};

/// A generator of numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits")
    }
}

#[test]
fn random_programs_see_the_same_as_with_rc() {
    let (programs, steps) = if cfg!(miri) { (3, 60) } else { (200, 250) };
    for seed in 0..programs {
        let mut numbers = Numbers(seed);
        let mut worlds = Worlds::default();
        for _ in 0..steps {
            worlds.step(Op::chosen_by(numbers.next(), numbers.next(), numbers.next()));
        }
    }
}
