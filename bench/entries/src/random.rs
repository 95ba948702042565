//! Numbers that look random and repeat exactly: every run of a workload, in every entry, asks for the same things.

/// Vigna's SplitMix64: one addition and a mix per number, any seed will do.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence that `seed` stands for.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must be below 2^32: a multiplication, where a remainder would cost a division.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let high = self.next() >> 32;
        usize::try_from((high * bound as u64) >> 32).expect("below a usize")
    }

    /// A number from `low` to `high`, both possible.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// A number from `low` to `low` doubled so many times, every doubling as likely as another.
    pub(crate) fn magnitude(&mut self, low: usize, doublings: usize) -> usize {
        let low = low << self.below(doublings);
        self.between(low, 2 * low)
    }
}
