//! What happens by itself, as objects are made.
//!
//! [`Thresholds`](crate::thresholds) say what is due. Young and middle objects are collected at once, as far as
//! [candidates](crate::candidates) lead and if [something is to be expected](crate::prospects). Old ones, if they are many, are [searched](crate::search) in slices: each
//! allocation adds to a debt, and every so many of them it is worked off. A search is over long before so many objects
//! have become old that another is due.

use core::time::Duration;

use crate::collection::{self, Thoroughness};
use crate::generation::Generation;
use crate::observe::Phase;
use crate::owner::Owner;
use crate::partition::Members;
use crate::search::{self, Progress, Search};
use crate::segment::Home;
use crate::state::{Searched, State};
use crate::steps::Moment;

/// Old objects that are not worth a search: they are collected at once.
const FEW: usize = 4_000;
/// Objects of a running search that are followed for each object made.
///
/// Another search is due when a quarter of the objects are new, at the earliest. Until then each has to be followed twice, which makes
/// eight. But garbage waits for the search's end, so it is to end early.
const WORK: usize = 24;
/// A slice is due after so many objects were made.
const SLICE: usize = 50;

impl State {
    /// Does what is due, now that the young count has reached its limit.
    #[cold]
    pub(crate) fn attend(&self) {
        if self.enabled.get() && !self.collecting.get() {
            if self.is_searching() {
                let made = self.thresholds.made_since_limit_was_set();
                // That old objects die does not make the young ones fewer.
                self.thresholds.keep_count(|| self.search_on(made * WORK));
            }
            if let Some(generation) = self.thresholds.due(self.is_searching()) {
                self.collect_what_is_due(generation);
            }
            self.thresholds.set_limit(self.is_searching().then_some(SLICE));
        }
    }

    fn collect_what_is_due(&self, generation: Generation) {
        self.types.shorten_free_lists();
        if generation != Generation::Old {
            let look = self.prospects.are_good(generation);
            self.collect_with(generation, if look { Thoroughness::Candidates } else { Thoroughness::Unseen });
        } else if self.collectable_objects() <= FEW || !self.start_search() {
            self.collect_with(generation, Thoroughness::Full);
        }
    }

    pub(crate) fn is_searching(&self) -> bool {
        self.search.borrow().is_some()
    }

    /// Starts a search of the old generation, to which all objects belong from now on; says no when there is no memory.
    pub(crate) fn start_search(&self) -> bool {
        self.guarded(|| {
            let generations = &self.generations;
            generations.move_all(Home::Young, Home::Old);
            generations.move_all(Home::Middle, Home::Old);
            let Some(search) = Search::start(generations, Owner::of_objects_of(self), self.look_at_all.get()) else {
                return false;
            };
            let objects = self.collectable_objects();
            *self.search.borrow_mut() = Some(search);
            self.notify(Phase::Start, Generation::Old, 0, objects, None);
            self.measure();
            self.thresholds.collection_starts(Generation::Old);
            self.thresholds.objects_survived(Generation::Old, objects);
            self.searched.set(Searched { objects, collected: 0, duration: self.time().map(|_| Duration::ZERO) });
            true
        })
    }

    /// Goes on with the search that is running until about `budget` objects were followed. Says whether it is over.
    pub(crate) fn search_on(&self, budget: usize) -> bool {
        self.guarded(|| {
            let start = self.time();
            let is_over = self.search_a_slice(budget);
            let searched = self.searched.get();
            let duration = searched.duration.map(|spent| spent + self.clock.since(start).unwrap_or_default());
            self.searched.set(Searched { duration, ..searched });
            self.at(Moment::SliceEnds(budget, start));
            if is_over {
                self.end_search();
            }
            is_over
        })
    }

    fn search_a_slice(&self, mut budget: usize) -> bool {
        while budget > 0 {
            let Some(search) = &mut *self.search.borrow_mut() else { return true };
            let cost = match search.go_on(&self.generations, budget) {
                Progress::Slice => return false,
                Progress::Suspects(cost) => cost,
                Progress::Over => return true,
            };
            self.at(Moment::Begins(Generation::Old));
            let outcome = collection::collect_members(self, Members::All);
            self.generations.close_set();
            self.at(Moment::Tell);
            let searched = self.searched.get();
            self.searched.set(Searched { collected: searched.collected + outcome.collected, ..searched });
            budget = budget.saturating_sub(cost + search::destruction_cost(outcome.looked_at));
        }
        false
    }

    /// Ends the search that is running, if one is, wherever it is.
    pub(crate) fn end_search(&self) {
        if let Some(search) = self.search.take() {
            self.look_at_all.set(!search.is_complete());
            search.end(&self.generations);
            let Searched { objects, collected, duration } = self.searched.get();
            self.thresholds.objects_died(collected);
            self.counters.count_collection(Generation::Old, collected);
            self.notify(Phase::Stop, Generation::Old, collected, objects, duration);
        }
    }
}
