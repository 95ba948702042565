//! What is known of a group of requests: those of one place, of one size, or all.

use core::iter::Sum;
use core::ops::{Add, AddAssign};

use crate::model::amount::Amount;
use crate::model::halves::{HALVES, Half, Peaks};

/// Counts the peaks of the heap, so that groups can tell whether they have changed since the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeakNumber(pub(crate) u64);

/// What became of a group's requests.
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
    /// What is live, and was at the peak, as halves of a sample tell.
    pub(crate) halves: [Half; HALVES],
    /// Ticks that blocks lived, of those that are freed.
    lived: u128,
    /// The times at which the live blocks were born, added up.
    births: u128,
}

impl Sums {
    /// What was live when the whole heap was at its peak.
    pub(crate) fn at_peak(&self, peaks: &Peaks) -> Amount {
        let ([one, other], [of_one, of_other]) = (&self.halves, peaks.last_of_others());
        Amount::mean(one.at_peak(of_one), other.at_peak(of_other))
    }

    /// Ticks that blocks lived, added up; of those that are live, until now.
    #[must_use]
    pub fn lifetimes(&self, now: u64) -> u128 {
        self.lived + self.now.blocks.times(now).saturating_sub(self.births)
    }

    /// A block is handed out.
    pub(crate) fn request(&mut self, change: &Change, time: u64, peaks: &Peaks) {
        let amount = change.amount;
        for ((half, share), peak) in self.halves.iter_mut().zip(change.shares).zip(peaks.of_others()) {
            half.add(share, peak);
        }
        self.total += amount;
        self.now += amount;
        self.births += amount.blocks.times(time);
        if self.now.bytes > self.most.bytes {
            self.most = self.now;
        }
    }

    /// A block is given back.
    pub(crate) fn free(&mut self, change: &Change, born: u64, time: u64, peaks: &Peaks) {
        let amount = change.amount;
        for ((half, share), peak) in self.halves.iter_mut().zip(change.shares).zip(peaks.of_others()) {
            half.take(share, peak);
        }
        self.now -= amount;
        self.births = self.births.saturating_sub(amount.blocks.times(born));
        self.lived += amount.blocks.times(time.saturating_sub(born));
    }
}

/// How much comes or goes with a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) amount: Amount,
    /// In each half of a sample.
    pub(crate) shares: [Amount; HALVES],
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
    pub(crate) fn of(sums: &Sums, peaks: &Peaks) -> Self {
        let &Sums { total, resized, temporary, now, .. } = sums;
        Self { total, resized, temporary, leaked: now, at_peak: sums.at_peak(peaks) }
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
