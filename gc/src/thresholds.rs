//! When to collect what: CPython's rule (`gc.c`, `gc_collect_generations`).
//!
//! Each generation has a *count* and a *threshold*. The young count is allocations less deallocations of tracked
//! objects since the last collection; an older one's is collections of the next younger generation. The oldest
//! generation whose count exceeds its threshold is collected. The old one only if, besides, at least a quarter of what
//! survived its last collection has moved up since: so the work of all full collections together stays linear in the
//! number of objects. CPython knows no more than that; here it has to be half, where a search in slices found little.

use core::cell::Cell;

use crate::generation::Generation;

/// The counts and thresholds of one collector.
#[derive(Debug)]
pub(crate) struct Thresholds {
    thresholds: Cell<[usize; Generation::COUNT]>,
    /// What the young count may reach before something is due: its threshold, or all there is if that is zero.
    limit: Cell<usize>,
    /// What the young count was when the limit was set.
    count_at_limit: Cell<usize>,
    counts: [Cell<usize>; Generation::COUNT],
    /// Objects that have become old since the last collection of the old generation.
    pending: Cell<usize>,
    /// Objects that survived the last collection of the old generation.
    long_lived: Cell<usize>,
    /// The last search of the old generation found little.
    found_little: Cell<bool>,
}

/// A search of the old generation was worth it if one in so many objects was garbage.
const WORTH: usize = 8;

/// CPython's.
const DEFAULT: [usize; Generation::COUNT] = [700, 10, 10];

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            thresholds: Cell::new(DEFAULT),
            limit: Cell::new(DEFAULT[0]),
            count_at_limit: Cell::new(0),
            counts: Default::default(),
            pending: Cell::default(),
            long_lived: Cell::default(),
            found_little: Cell::default(),
        }
    }
}

impl Thresholds {
    pub(crate) fn get(&self) -> [usize; Generation::COUNT] {
        self.thresholds.get()
    }

    pub(crate) fn set(&self, thresholds: [usize; Generation::COUNT]) {
        self.thresholds.set(thresholds);
        self.set_limit(None);
    }

    /// Sets after how many more objects the young count is to be looked at again, if that is before its threshold.
    pub(crate) fn set_limit(&self, soon: Option<usize>) {
        let [threshold, ..] = self.thresholds.get();
        let count = self.counts[0].get();
        let limit = if threshold == 0 { usize::MAX } else { threshold };
        self.limit.set(soon.map_or(limit, |soon| limit.min(count + soon)));
        self.count_at_limit.set(count);
    }

    /// How many objects more were made than freed since then.
    pub(crate) fn made_since_limit_was_set(&self) -> usize {
        self.counts[0].get().saturating_sub(self.count_at_limit.get())
    }

    pub(crate) fn counts(&self) -> [usize; Generation::COUNT] {
        self.counts.each_ref().map(Cell::get)
    }

    pub(crate) fn reset_counts(&self) {
        self.counts.iter().for_each(|count| count.set(0));
    }

    /// A tracked object is about to be made. Says whether the young count exceeds its threshold.
    #[inline]
    pub(crate) fn count_allocation(&self) -> bool {
        let young = self.counts[0].get() + 1;
        self.counts[0].set(young);
        young > self.limit.get()
    }

    /// Tracked objects are gone.
    #[inline]
    pub(crate) fn count_deallocations(&self, number: usize) {
        self.counts[0].set(self.counts[0].get().saturating_sub(number));
    }

    /// The oldest generation that is due, once the young one is; the old one is not while it is being searched.
    pub(crate) fn due(&self, searching: bool) -> Option<Generation> {
        let (counts, thresholds) = (self.counts(), self.thresholds.get());
        if counts[0] <= thresholds[0] {
            return None;
        }
        Generation::ALL.into_iter().rev().find(|&generation| {
            counts[generation.index()] > thresholds[generation.index()]
                && (generation != Generation::Old || !searching && self.has_grown())
        })
    }

    /// Whether enough has become old for another look at everything.
    fn has_grown(&self) -> bool {
        let share = if self.found_little.get() { 2 } else { 4 };
        self.pending.get() >= self.long_lived.get() / share
    }

    pub(crate) fn collection_starts(&self, generation: Generation) {
        self.counts[..=generation.index()].iter().for_each(|count| count.set(0));
        if generation != Generation::Old {
            let next = &self.counts[generation.next().index()];
            next.set(next.get() + 1);
        }
    }

    pub(crate) fn objects_survived(&self, generation: Generation, survivors: usize) {
        match generation {
            Generation::Young => {}
            Generation::Middle => self.pending.set(self.pending.get() + survivors),
            Generation::Old => {
                self.pending.set(0);
                self.long_lived.set(survivors);
                self.found_little.set(false);
            }
        }
    }
}

impl Thresholds {
    /// Does something by which the young count does not fall.
    pub(crate) fn keep_count<R>(&self, work: impl FnOnce() -> R) -> R {
        let count = self.counts[0].get();
        let result = work();
        self.counts[0].set(self.counts[0].get().max(count));
        result
    }

    /// Old objects that had been taken for survivors were garbage after all.
    ///
    /// Where they were few, the program seems to be building something, and is left alone for longer.
    pub(crate) fn objects_died(&self, objects: usize) {
        let before = self.long_lived.get();
        self.found_little.set(objects < before / WORTH);
        self.long_lived.set(before.saturating_sub(objects));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_collection_waits_until_a_quarter_is_new() {
        let thresholds = Thresholds::default();
        thresholds.set([1, 0, 0]);
        thresholds.objects_survived(Generation::Old, 100);
        thresholds.collection_starts(Generation::Middle);
        assert!(!thresholds.count_allocation() && thresholds.count_allocation());
        thresholds.objects_survived(Generation::Middle, 24);
        assert_eq!(thresholds.due(false), Some(Generation::Young));
        thresholds.objects_survived(Generation::Middle, 1);
        assert_eq!(thresholds.due(false), Some(Generation::Old));
    }

    #[test]
    fn a_search_that_finds_little_puts_the_next_one_off() {
        let thresholds = Thresholds::default();
        thresholds.set([1, 0, 0]);
        let next_search_after = |died| {
            thresholds.objects_survived(Generation::Old, 800);
            thresholds.objects_died(died);
            let left = thresholds.long_lived.get();
            (0..=left).find(|&grown| {
                thresholds.pending.set(grown);
                thresholds.has_grown()
            })
        };
        assert_eq!(next_search_after(99), Some(350));
        assert_eq!(next_search_after(100), Some(175));
        assert_eq!(next_search_after(0), Some(400));
    }

    #[test]
    fn a_threshold_of_zero_turns_young_collections_off() {
        let thresholds = Thresholds::default();
        thresholds.set([0, 10, 10]);
        assert!((0..5000).all(|_| !thresholds.count_allocation()));
    }
}
