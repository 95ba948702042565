//! Tables by numbers: addresses, sizes, and the log's own small ones.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

/// A table whose keys are numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Spreads numbers over a table, with one multiplication for each. There is no need to withstand an attacker, whose log could
/// make us slow and no more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    /// Folds a product with an odd constant (the golden ratio's fraction), so that both ends of the hash depend on all bits.
    fn write_u64(&mut self, number: u64) {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        const LOW: u128 = u64::MAX as u128;
        let product = u128::from(self.0 ^ number) * u128::from(GOLDEN);
        self.0 = (product >> 64) as u64 ^ (product & LOW) as u64 ^ GOLDEN;
    }
}

#[cfg(test)]
mod tests {
    use core::hash::Hash;
    use std::collections::HashSet;

    use super::*;

    /// A table looks at the lowest bits of a hash, and at the highest seven.
    #[test]
    fn addresses_in_a_row_do_not_meet() {
        for step in [1, 16, 64, 4096, 1 << 20, 1 << 40] {
            let hashes = (0..1024_u64).map(|n| {
                let mut hasher = NumberHasher::default();
                (0x7F00_0000_0000 + n * step).hash(&mut hasher);
                hasher.finish()
            });
            let hashes: Vec<u64> = hashes.collect();
            let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xFFF).collect();
            let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
            assert!(low.len() > 700, "steps of {step}: {} of 1024 places", low.len());
            assert!(high.len() > 100, "steps of {step}: {} of 128 marks", high.len());
        }
    }
}
