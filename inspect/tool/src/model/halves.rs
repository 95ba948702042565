//! The halves of a sample: two samples of their own, of which neither knows of the other's luck.
//!
//! ```text
//!   the log's sample        ●    ● ●   ●  ●     ●
//!   one half                ●      ●   ●                    most live at a
//!   the other half               ● ●      ●     ●           most live at b
//!   live at the peak   =   the mean of what the other half had at a, and the one half at b
//! ```
//!
//! What a sample tells of some moment is as often too much as too little. But the moment at which it tells of most is mostly one at which
//! it tells of too much: of a program that has always as much, twice as much may seem to be live once, if there are few samples and
//! many moments. So each half says when the peak was, and the other one how much there was then. Luck makes that neither more nor
//! less; but where the peak is short and sharp, a half may miss it, and then it is too little.
//!
//! A request that was sampled by some interval is as one that was drawn from either half, by twice that interval, or from both; large
//! ones are in both, and as certain as ever. Where each request is in the log, both halves have all.

use crate::model::amount::{Amount, Scale};
use crate::model::sums::PeakNumber;

/// As many halves there are.
pub(crate) const HALVES: usize = 2;

/// What there is of a half in a group of requests.
///
/// What it had at the *other* half's peak is kept without a copy of all groups at each new peak: a group that is about to change, for the
/// first time since a peak, has what it had then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Half {
    /// What is live.
    now: Amount,
    /// What was live at the peak before which this last changed.
    at_peak: Amount,
    peak: PeakNumber,
}

impl Half {
    /// What was live at this peak, the last one.
    pub(crate) fn at_peak(&self, peak: PeakNumber) -> Amount {
        if self.peak == peak { self.at_peak } else { self.now }
    }

    /// More is live.
    pub(crate) fn add(&mut self, amount: Amount, peak: PeakNumber) {
        self.keep_peak(peak);
        self.now += amount;
    }

    /// Less is live.
    pub(crate) fn take(&mut self, amount: Amount, peak: PeakNumber) {
        self.keep_peak(peak);
        self.now -= amount;
    }

    /// Before a change: what there is now is what there was at the peak, if nothing has changed since.
    fn keep_peak(&mut self, peak: PeakNumber) {
        if self.peak != peak {
            (self.at_peak, self.peak) = (self.now, peak);
        }
    }
}

/// The peaks of the whole heap, as each half sees them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peaks {
    of_halves: [Peak; HALVES],
}

/// The peak of a half lasts until something of it is freed. The other half is looked at then: so of a program that only grows, the peak
/// is all that there is at the end.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    /// Of those that are over.
    number: PeakNumber,
    most: u64,
    time: u64,
    lasts: bool,
}

impl Peaks {
    /// For each half, the peak of the other one: the last that is over.
    pub(crate) fn of_others(&self) -> [PeakNumber; HALVES] {
        let [one, other] = self.of_halves.map(|peak| peak.number);
        [other, one]
    }

    /// The same; or a number that no group has yet if the peak lasts.
    pub(crate) fn last_of_others(&self) -> [PeakNumber; HALVES] {
        let [one, other] = self.of_halves.map(|peak| PeakNumber(peak.number.0 + u64::from(peak.lasts)));
        [other, one]
    }

    /// More is live in the whole heap. For each half there may be a new peak. Where that is the truth, it is the peak of this moment.
    pub(crate) fn look(&mut self, whole: &[Half; HALVES], time: u64, is_exact: bool) {
        for (peak, half) in self.of_halves.iter_mut().zip(whole) {
            if half.now.bytes > peak.most {
                (peak.most, peak.time, peak.lasts) = (half.now.bytes, time, !is_exact);
                peak.number.0 += u64::from(is_exact);
            }
        }
    }

    /// So much of each half is about to be freed.
    pub(crate) fn end(&mut self, shares: &[Amount; HALVES]) {
        for (peak, share) in self.of_halves.iter_mut().zip(shares) {
            if peak.lasts && share.bytes > 0 {
                (peak.number.0, peak.lasts) = (peak.number.0 + 1, false);
            }
        }
    }

    /// When the peak was: at the one of which the other half tells more.
    pub(crate) fn time(&self, whole: &[Half; HALVES]) -> u64 {
        let ([of_one, of_other], [one, other]) = (self.last_of_others(), whole);
        let [first, second] = self.of_halves;
        if other.at_peak(of_other).bytes >= one.at_peak(of_one).bytes { first.time } else { second.time }
    }
}

/// What a block is in each half: nothing at all if it was not drawn from that.
///
/// It is drawn by lot, and always the same for the block that is at this address from then on.
pub(crate) fn shares(scale: Scale, size: u64, address: u64, born: u64) -> [Amount; HALVES] {
    let half = scale.of_half();
    if half == scale {
        return in_both(half.amount(size));
    }
    let share = half.amount(size).halvable();
    let of_half = half.probability(size);
    let (lot, is_first) = lot(address, born);
    if lot < of_half / (2.0 - of_half) {
        return in_both(share);
    }
    let (alone, none) = (Amount { seen: 2, ..share }, Amount::default());
    if is_first { [alone, none] } else { [none, alone] }
}

/// A block of both halves. It is one in the log, of which the mean is made: so one half has seen two.
const fn in_both(share: Amount) -> [Amount; HALVES] {
    [Amount { seen: 2, ..share }, Amount { seen: 0, ..share }]
}

/// A number from zero to one, and one of two, by lot.
fn lot(address: u64, born: u64) -> (f64, bool) {
    let mixed = mixed(mixed(address).wrapping_add(born));
    ((mixed >> 11) as f64 / (1_u64 << 53) as f64, mixed & 1 == 1)
}

/// The step of `SplitMix64`.
const fn mixed(bits: u64) -> u64 {
    let mut bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: u64 = 1 << 19;

    #[test]
    fn a_half_tells_of_as_much_as_the_whole() {
        let scale = Scale::of_interval(INTERVAL);
        let blocks = if cfg!(miri) { 100 } else { 40_000 };
        for size in [16, 4096, INTERVAL, 3 * INTERVAL, 100 * INTERVAL] {
            let all: Vec<_> = (0..blocks).map(|n| shares(scale, size, 0x7F00_0000_0000 + n * 4096, n * 100)).collect();
            let means =
                [0, 1].map(|half| all.iter().map(|shares| shares[half].bytes as f64).sum::<f64>() / blocks as f64);
            let [share, whole] = [scale.of_half(), scale].map(|scale| scale.amount(size).bytes as f64);
            // A half has the share or nothing.
            let deviation = (whole * (share - whole).max(0.0) / blocks as f64).sqrt();
            for mean in means {
                assert!((mean - whole).abs() <= 4.5 * deviation + 1.0, "{size}: {means:?} of {whole}");
            }
        }
    }

    #[test]
    fn where_each_request_is_in_the_log_a_half_is_the_whole() {
        let scale = Scale::of_interval(1);
        let [one, other] = shares(scale, 77, 0x1000, 5);
        assert_eq!((Amount::mean(one, other), one.bytes), (scale.amount(77), other.bytes));
    }
}
