//! How likely an automatic collection of the young or middle generation is to find something.
//!
//! Programs have phases in which nearly everything survives: they build something large, or all that dies is freed by its
//! count. To look at each object twice before it is old finds nothing then. So a generation in which little was found is
//! promoted unseen the next time, and twice as often after each further disappointment, up to a limit. What dies meanwhile
//! is found one generation later.

use core::cell::Cell;

use crate::collection::Outcome;
use crate::generation::Generation;

/// A collection was worth it if one in so many objects was garbage.
const WORTH: usize = 8;
/// How often a generation is promoted unseen at most: so seldom that the next one, to which all of it goes, does not become
/// a long pause when a program turns from building to leaving garbage.
const MOST: u32 = 6;

/// The past of the young and the middle generation.
#[derive(Debug, Default)]
pub(crate) struct Prospects {
    generations: [Past; 2],
}

#[derive(Debug, Default)]
struct Past {
    /// How often the generation is still to be passed over.
    passes: Cell<u32>,
    /// How often it was the last time.
    passed: Cell<u32>,
}

impl Prospects {
    /// Whether to look at a generation that is due.
    pub(crate) fn are_good(&self, generation: Generation) -> bool {
        let Some(past) = self.generations.get(generation.index()) else { return true };
        let passes = past.passes.get();
        past.passes.set(passes.saturating_sub(1));
        passes == 0
    }

    /// Learns from a collection.
    pub(crate) fn learn(&self, generation: Generation, outcome: &Outcome) {
        let Some(past) = self.generations.get(generation.index()) else { return };
        let passes = match outcome.collected * WORTH < outcome.survivors + outcome.collected {
            true => (past.passed.get() * 2).clamp(1, MOST),
            false => 0,
        };
        past.passes.set(passes);
        past.passed.set(passes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(prospects: &Prospects, collected: usize, times: usize) -> usize {
        let outcome = Outcome { looked_at: 100, survivors: 100 - collected, collected };
        let look = || prospects.are_good(Generation::Young).then(|| prospects.learn(Generation::Young, &outcome));
        (0..times).filter_map(|_| look()).count()
    }

    #[test]
    fn a_generation_is_passed_over_only_while_little_is_found() {
        let prospects = Prospects::default();
        assert_eq!(looks(&prospects, 50, 20), 20);
        let seldom = looks(&prospects, 5, 200);
        let least = 200 / (MOST as usize + 1);
        assert!((least..=least + 4).contains(&seldom), "{seldom} looks");
        assert!(looks(&prospects, 50, 30) >= 20);
    }
}
