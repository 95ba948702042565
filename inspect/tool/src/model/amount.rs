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
    /// The variance of the bytes: zero where each request is in the log.
    pub variance: u128,
}

impl Amount {
    /// The mean of two independent estimates. They are one, and exact, where each request is in the log.
    pub(crate) const fn mean(one: Self, other: Self) -> Self {
        Self {
            bytes: one.bytes.midpoint(other.bytes),
            blocks: Count(one.blocks.0.midpoint(other.blocks.0)),
            seen: one.seen.midpoint(other.seen),
            variance: one.variance.saturating_add(other.variance) / 4,
        }
    }

    /// A little less, of which means are whole: so those of parts add up to that of the whole.
    pub(crate) const fn halvable(mut self) -> Self {
        self.bytes -= self.bytes % 2;
        self.blocks.0 -= self.blocks.0 % 2;
        self.variance -= self.variance % 4;
        self
    }

    /// Nothing at all.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// By which part of it an estimate of bytes is typically wrong, either way: the standard deviation.
    ///
    /// Of `n` requests that were sampled by one interval, and are small against it, this is one by the square root of `n`. Large
    /// ones are seen more surely than that.
    #[must_use]
    pub fn error(self) -> f64 {
        (self.variance as f64).sqrt() / self.bytes.max(1) as f64
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
        self.variance = self.variance.saturating_add(other.variance);
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_sub(other.bytes);
        self.blocks -= other.blocks;
        self.seen = self.seen.saturating_sub(other.seen);
        self.variance = self.variance.saturating_sub(other.variance);
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
///
/// The interval is kept to seven digits, so that each live block can have its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scale {
    interval: f32,
}

impl Scale {
    /// Of requests with this mean number of bytes from one in the log to the next. Zero and one: each request is in the log.
    #[must_use]
    pub const fn of_interval(interval: u64) -> Self {
        Self { interval: interval as f32 }
    }

    /// Whether each request is in the log.
    pub(crate) const fn is_exact(self) -> bool {
        self.interval <= 1.0
    }

    /// Of requests of which one byte in twice as many was drawn.
    pub(crate) const fn of_half(self) -> Self {
        if self.is_exact() { self } else { Self { interval: self.interval * 2.0 } }
    }

    /// With which probability a request of this size is taken.
    pub(crate) fn probability(self, size: u64) -> f64 {
        if self.is_exact() { 1.0 } else { -self.missed(size).exp_m1() }
    }

    /// The logarithm of the probability that a request of this size is not taken.
    ///
    /// An empty block is never sampled; if a log has one all the same, it is as rare as one of a byte.
    fn missed(self, size: u64) -> f64 {
        -(size.max(1) as f64) / f64::from(self.interval)
    }

    /// What a request of this size stands for.
    #[must_use]
    pub fn amount(self, size: u64) -> Amount {
        if self.is_exact() {
            return Amount { bytes: size, blocks: Count::ONE, seen: 1, variance: 0 };
        }
        let missed = self.missed(size);
        let weight = -1.0 / missed.exp_m1();
        let bytes = size as f64 * weight;
        Amount {
            bytes: whole(bytes),
            blocks: Count::from_float(weight),
            seen: 1,
            variance: u128::from(whole(bytes * missed.exp().sqrt())).pow(2),
        }
    }
}

/// The nearest whole number.
fn whole(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
    let whole = number.round() as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_stands_for_itself_where_all_are_written() {
        for size in [0, 1, 4096, u64::MAX] {
            assert_eq!(
                Scale::of_interval(1).amount(size),
                Amount { bytes: size, blocks: Count::ONE, seen: 1, variance: 0 }
            );
        }
    }

    #[test]
    fn a_small_request_stands_for_the_interval_and_a_huge_one_for_itself() {
        let scale = Scale::of_interval(512 * 1024);
        let small = scale.amount(16);
        assert!(small.bytes.abs_diff(512 * 1024) < 16, "{small:?}");
        assert_eq!(small.blocks.rounded(), 32_769, "half a block more than the interval has of them");
        let huge = scale.amount(1 << 30);
        assert_eq!((huge.bytes, huge.blocks, huge.variance), (1 << 30, Count::ONE, 0));
    }

    #[test]
    fn the_error_is_that_of_the_requests_that_stand_for_most() {
        let [fine, coarse] = [4096, 1 << 22].map(|interval| Scale::of_interval(interval).amount(16));
        let of_fine: Amount = (0..100).map(|_| fine).sum();
        assert!((of_fine.error() - 0.1).abs() < 0.001, "{of_fine:?}");
        assert!(
            ((of_fine + coarse).error() - 0.91).abs() < 0.01,
            "a single one stands for ten times as much as all of these"
        );
    }

    #[test]
    fn what_was_added_can_be_taken_away_again() {
        let scale = |size: u64| Scale::of_interval(1000_u64 << (size % 20));
        let mut sum = Amount::default();
        for size in 1..2000 {
            sum += scale(size).amount(size);
        }
        for size in 1..2000 {
            sum -= scale(size).amount(size);
        }
        assert!(sum.is_none());
    }
}
