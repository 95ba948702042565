//! What is known of a group of requests: those of one place, of one size, or all.

use core::iter::Sum;
use core::ops::{Add, AddAssign};

use crate::model::amount::Amount;

/// Counts the peaks of the heap, so that groups can tell whether they have changed since the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeakNumber(pub(crate) u64);

/// What became of a group's requests.
///
/// What the group had when the *whole* heap was at its peak is kept without a copy of all groups at each new peak: a group
/// that is about to change, for the first time since a peak, has what it had then.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// All requests, those that resize a block among them.
    pub total: Amount,
    /// Those that resize a block.
    pub resized: Amount,
    /// Blocks that were freed before their thread asked for another. Of a sample, nothing is known of this.
    pub temporary: Amount,
    /// What is live; at the log's end, what has leaked.
    pub now: Amount,
    /// The most that was live at a time.
    pub most: Amount,
    /// What was live at the peak before which the group last changed.
    at_peak: Amount,
    peak: PeakNumber,
    /// Ticks that blocks lived, of those that are freed.
    lived: u128,
    /// The times at which the live blocks were born, added up.
    births: u128,
}

impl Sums {
    /// What was live when the heap was at this peak, the last one.
    pub(crate) fn at_peak(&self, peak: PeakNumber) -> Amount {
        if self.peak == peak { self.at_peak } else { self.now }
    }

    /// Ticks that blocks lived, added up; of those that are live, until now.
    #[must_use]
    pub fn lifetimes(&self, now: u64) -> u128 {
        self.lived + self.now.blocks.times(now).saturating_sub(self.births)
    }

    /// A block is handed out.
    pub(crate) fn request(&mut self, amount: Amount, time: u64, peak: PeakNumber) {
        self.keep_peak(peak);
        self.total += amount;
        self.now += amount;
        self.births += amount.blocks.times(time);
        if self.now.bytes > self.most.bytes {
            self.most = self.now;
        }
    }

    /// A block is given back.
    pub(crate) fn free(&mut self, amount: Amount, born: u64, time: u64, peak: PeakNumber) {
        self.keep_peak(peak);
        self.now -= amount;
        self.births = self.births.saturating_sub(amount.blocks.times(born));
        self.lived += amount.blocks.times(time.saturating_sub(born));
    }

    /// Before a change: what there is now is what there was at the peak, if nothing has changed since.
    fn keep_peak(&mut self, peak: PeakNumber) {
        if self.peak != peak {
            (self.at_peak, self.peak) = (self.now, peak);
        }
    }
}

/// What of a group's requests is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Cost {
    /// What was live when the heap was at its peak.
    #[default]
    Peak,
    /// What is live at the log's end.
    Leaked,
    /// Blocks that were freed before their thread asked for another.
    Temporary,
    /// All that was asked for.
    Total,
}

impl Cost {
    /// As it is spoken of.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Peak => "live at the peak",
            Self::Leaked => "leaked",
            Self::Temporary => "temporary",
            Self::Total => "asked for in all",
        }
    }

    /// What there is none of, where there is none.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Peak | Self::Total => "requests",
            Self::Leaked => "leaks",
            Self::Temporary => "temporary blocks",
        }
    }
}

/// The sums of a group that can be added to those of another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All requests.
    pub total: Amount,
    /// Those that resize a block.
    pub resized: Amount,
    /// Blocks that were freed before their thread asked for another.
    pub temporary: Amount,
    /// What is live at the log's end.
    pub leaked: Amount,
    /// What was live when the heap was at its peak.
    pub at_peak: Amount,
}

impl Figures {
    pub(crate) fn of(sums: &Sums, peak: PeakNumber) -> Self {
        let &Sums { total, resized, temporary, now, .. } = sums;
        Self { total, resized, temporary, leaked: now, at_peak: sums.at_peak(peak) }
    }

    /// The one that is looked at.
    #[must_use]
    pub const fn cost(&self, cost: Cost) -> Amount {
        match cost {
            Cost::Peak => self.at_peak,
            Cost::Leaked => self.leaked,
            Cost::Temporary => self.temporary,
            Cost::Total => self.total,
        }
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.resized += other.resized;
        self.temporary += other.temporary;
        self.leaked += other.leaked;
        self.at_peak += other.at_peak;
    }
}

impl Add for Figures {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::default(), Add::add)
    }
}
