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
            Self::Mixed => random.magnitude(SMALLEST, doublings(region)),
        }
    }

    /// How many blocks fill about a third of the region.
    pub(crate) fn a_third(self, region: usize) -> usize {
        let mean = match self {
            Self::Small => 260,
            // Of the last doubling the mean is three quarters of the largest size; all the others together add as much.
            Self::Mixed => 2 * (region / 4) * 3 / 4 / doublings(region),
        };
        (region / 3 / mean).max(2)
    }
}

/// The smallest mixed size.
const SMALLEST: usize = 16;

/// How often the smallest mixed size doubles to a quarter of the region.
fn doublings(region: usize) -> usize {
    (region / 4 / SMALLEST).ilog2() as usize
}
