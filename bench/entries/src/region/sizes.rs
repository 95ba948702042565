//! How large the requests are.

use crate::random::Random;

/// A distribution of sizes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sizes {
    /// 8–512 bytes, all as likely.
    Small,
    /// 16 bytes to a quarter of the region, every power of two as likely.
    Mixed,
}

impl Sizes {
    /// A size for a request to a region of `region` bytes.
    pub(crate) fn next(self, region: usize, random: &mut Random) -> usize {
        match self {
            Self::Small => random.between(8, 512),
            Self::Mixed => {
                let magnitudes = (region / 4 / 16).trailing_zeros() as usize;
                let low = 16 << random.below(magnitudes);
                random.between(low, 2 * low)
            }
        }
    }

    /// How many blocks fill about a third of the region.
    pub(crate) fn a_third(self, region: usize) -> usize {
        let mean = match self {
            Self::Small => 260,
            Self::Mixed => {
                let magnitudes = (region / 4 / 16).trailing_zeros() as usize;
                region * 3 / 8 / magnitudes
            }
        };
        (region / 3 / mean).max(2)
    }
}
