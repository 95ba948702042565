//! How much: a number of blocks, and their bytes. Of a log that is a sample, both are estimates.

use core::iter::Sum;
use core::ops::{Add, AddAssign, SubAssign};

/// A number of blocks or requests.
///
/// Where requests are sampled, each in the log stands for a number of them that is not whole, so parts of 1/65 536 are kept,
/// and rounded only to be shown: sums stay right, however many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(u64);

impl Count {
    const PARTS: u64 = 1 << 16;

    /// One.
    pub const ONE: Self = Self(Self::PARTS);

    /// A whole number.
    #[must_use]
    pub const fn whole(count: u64) -> Self {
        Self(count.saturating_mul(Self::PARTS))
    }

    fn from_float(count: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
        Self((count * Self::PARTS as f64).round() as u64)
    }

    /// The nearest whole number.
    #[must_use]
    pub const fn rounded(self) -> u64 {
        self.0.saturating_add(Self::PARTS / 2) / Self::PARTS
    }

    /// With what is behind the point.
    #[must_use]
    pub fn as_float(self) -> f64 {
        self.0 as f64 / Self::PARTS as f64
    }

    /// So many times as much, in whole units.
    pub(crate) fn times(self, each: u64) -> u128 {
        u128::from(self.0) * u128::from(each) / u128::from(Self::PARTS)
    }
}

/// Blocks or requests, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    /// Bytes that were asked for.
    pub bytes: u64,
    /// In as many blocks.
    pub blocks: Count,
    /// Of these, as many are in the log.
    pub seen: u64,
}

impl Amount {
    /// Nothing at all.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// By which part of it an estimate is typically wrong, either way: the standard deviation, at most.
    ///
    /// For requests that are small against the interval, the number that is seen is Poisson distributed; large ones are seen
    /// more surely than that.
    #[must_use]
    pub fn error(self) -> f64 {
        1.0 / (self.seen as f64).sqrt()
    }
}

// A log may claim sizes that no machine has: sums stop at the highest number, rather than to wrap around.

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl SubAssign for Count {
    fn sub_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_sub(other.0);
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.blocks += other.blocks;
        self.seen = self.seen.saturating_add(other.seen);
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_sub(other.bytes);
        self.blocks -= other.blocks;
        self.seen = self.seen.saturating_sub(other.seen);
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// For how much a request in the log stands.
///
/// A writer that samples by bytes takes a request of `size` with the probability 1 − exp(−size / interval); so each that was
/// taken stands for the inverse of it. (Poisson sampling, as in tcmalloc's and jemalloc's heap profiles.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    interval: u64,
}

impl Scale {
    /// Of a log with this mean number of bytes from one request to the next. Zero and one: each request is in the log.
    #[must_use]
    pub const fn of_interval(interval: u64) -> Self {
        Self { interval }
    }

    /// Each request is in the log.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.interval <= 1
    }

    /// What a request of this size stands for.
    #[must_use]
    pub fn amount(self, size: u64) -> Amount {
        if self.is_exact() {
            return Amount { bytes: size, blocks: Count::ONE, seen: 1 };
        }
        // An empty block is never sampled; if a log has one all the same, it is as rare as one of a byte.
        let chance = -(-(size.max(1) as f64) / self.interval as f64).exp_m1();
        let weight = 1.0 / chance;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
        let bytes = (size as f64 * weight).round() as u64;
        Amount { bytes, blocks: Count::from_float(weight), seen: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_stands_for_itself_where_all_are_written() {
        for size in [0, 1, 4096, u64::MAX] {
            assert_eq!(Scale::of_interval(1).amount(size), Amount { bytes: size, blocks: Count::ONE, seen: 1 });
        }
    }

    #[test]
    fn a_small_request_stands_for_the_interval_and_a_huge_one_for_itself() {
        let scale = Scale::of_interval(512 * 1024);
        let small = scale.amount(16);
        assert!(small.bytes.abs_diff(512 * 1024) < 16, "{small:?}");
        assert_eq!(small.blocks.rounded(), 32_769, "half a block more than the interval has of them");
        let huge = scale.amount(1 << 30);
        assert_eq!((huge.bytes, huge.blocks), (1 << 30, Count::ONE));
    }

    #[test]
    fn what_was_added_can_be_taken_away_again() {
        let scale = Scale::of_interval(1000);
        let mut sum = Amount::default();
        for size in 1..2000 {
            sum += scale.amount(size);
        }
        for size in 1..2000 {
            sum -= scale.amount(size);
        }
        assert!(sum.is_none());
    }
}
