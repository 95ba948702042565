//! The table of N size classes that wastes the least.
//!
//! With the sizes in order, the classes of a best table are sizes that are asked for, rounded up; so it is a best way to cut
//! the row of sizes into N pieces, each of which is served by its last:
//!
//! ```text
//!   16 24 32 | 40 48 | 96 104 112 128 | 512
//!         ▴       ▴               ▴      ▴
//! ```
//!
//! `best[k][j]`, the least waste of the first j sizes in k pieces, is the least of `best[k − 1][i] + waste(i, j)` over all i.
//! The last cut of the best never goes back as j grows, since the waste of pieces obeys the quadrangle inequality; so each
//! row is found by halves, in time for D log D rather than D² with D sizes. (Divide and conquer optimization; the problem
//! is that of optimal one-dimensional clustering, as in Wu 1991 and in Ckmeans.1d.dp.)

use crate::classes::{Demand, Table};

/// The table of at most so many classes, all multiples of the granule, that serves the demand with the least waste. It has
/// fewer classes if there are no more sizes.
///
/// Takes time for N D log D, and memory for N D, with D sizes that are different when they are rounded.
pub(crate) fn suggest(demand: &Demand, classes: usize, granule: u64) -> Table {
    let pieces = Pieces::of(demand, granule);
    let count = pieces.ends.len();
    if classes >= count {
        return Table::of(pieces.ends);
    }
    let mut best: Vec<u128> = (0..=count).map(|end| if end == 0 { 0 } else { pieces.waste(0, end) }).collect();
    let mut cuts: Vec<Vec<usize>> = vec![vec![0; count + 1]];
    for _ in 1..classes.max(1) {
        let mut row = Row { pieces: &pieces, before: &best, best: vec![0; count + 1], cuts: vec![0; count + 1] };
        row.fill((1, count), (0, count));
        let Row { best: found, cuts: found_cuts, .. } = row;
        best = found;
        cuts.push(found_cuts);
    }
    Table::of(pieces.last_of_each(&cuts))
}

/// The row of sizes, rounded up to the granule, with sums from its beginning.
struct Pieces {
    ends: Vec<u64>,
    blocks: Vec<u128>,
    requested: Vec<u128>,
}

impl Pieces {
    fn of(demand: &Demand, granule: u64) -> Self {
        let mut pieces = Self { ends: Vec::new(), blocks: vec![0], requested: vec![0] };
        for &(size, blocks) in &demand.sizes {
            let end = size.max(1).next_multiple_of(granule);
            if pieces.ends.last() != Some(&end) {
                pieces.ends.push(end);
                pieces.blocks.extend_from_within(pieces.blocks.len() - 1..);
                pieces.requested.extend_from_within(pieces.requested.len() - 1..);
            }
            let last = pieces.ends.len();
            pieces.blocks[last] += u128::from(blocks);
            pieces.requested[last] += u128::from(size) * u128::from(blocks);
        }
        pieces
    }

    /// If all sizes behind the first `from`, up to the first `to`, are served by the last of them.
    fn waste(&self, from: usize, to: usize) -> u128 {
        let blocks = self.blocks[to] - self.blocks[from];
        blocks * u128::from(self.ends[to - 1]) - (self.requested[to] - self.requested[from])
    }

    /// The classes, by following the last cuts from the end.
    fn last_of_each(&self, cuts: &[Vec<usize>]) -> Vec<u64> {
        let mut classes = Vec::new();
        let mut end = self.ends.len();
        for row in cuts.iter().rev() {
            if end == 0 {
                break;
            }
            classes.push(self.ends[end - 1]);
            end = row[end];
        }
        classes
    }
}

/// One more piece than the row before.
struct Row<'p> {
    pieces: &'p Pieces,
    before: &'p [u128],
    best: Vec<u128>,
    /// Where the last piece begins.
    cuts: Vec<usize>,
}

impl Row<'_> {
    /// Fills from `first` to `last`, whose cuts are between `low` and `high`.
    fn fill(&mut self, (first, last): (usize, usize), (low, high): (usize, usize)) {
        if first > last {
            return;
        }
        let middle = first.midpoint(last);
        let of = |cut: usize| self.before[cut] + self.pieces.waste(cut, middle);
        let cuts = low..=high.min(middle - 1);
        let (best, cut) =
            cuts.map(|cut| (of(cut), cut)).min().unwrap_or((of(low.min(middle - 1)), low.min(middle - 1)));
        (self.best[middle], self.cuts[middle]) = (best, cut);
        self.fill((first, middle - 1), (low, cut));
        self.fill((middle + 1, last), (cut, high));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The least waste of all tables of that many classes, by trying each.
    fn least_waste(demand: &Demand, classes: usize, granule: u64) -> u64 {
        let mut ends: Vec<u64> = demand.sizes.iter().map(|size| size.0.max(1).next_multiple_of(granule)).collect();
        ends.dedup();
        let tables = (0_u32..1 << ends.len()).filter(|set| set.count_ones() as usize <= classes);
        let tables = tables.filter(|set| set >> (ends.len() - 1) & 1 == 1);
        let of = |set: u32| Table::of((0..ends.len()).filter(|at| set >> at & 1 == 1).map(|at| ends[at]).collect());
        tables.map(|set| of(set).waste(demand)).min().expect("one class is enough for all")
    }

    proptest! {
        #[test]
        fn no_table_wastes_less(
            sizes in prop::collection::btree_map(0_u64..400, 1_u64..1000, 1..11),
            classes in 1_usize..12,
            granule in prop::sample::select(vec![1_u64, 8, 16]),
        ) {
            let demand = Demand::of(sizes.into_iter().collect());
            let table = suggest(&demand, classes, granule);
            prop_assert!(table.classes().len() <= classes);
            prop_assert!(table.classes().iter().all(|class| class % granule == 0));
            prop_assert!(table.largest() >= demand.largest());
            prop_assert_eq!(table.waste(&demand), least_waste(&demand, classes, granule));
        }
    }

    #[test]
    fn thousands_of_sizes_are_no_trouble_and_more_classes_never_waste_more() {
        let demand = Demand::of((1..=4000).map(|size| (size * 8, 1 + size * 7919 % 101)).collect());
        let wastes: Vec<u64> = [1, 2, 8, 32, 100].map(|classes| suggest(&demand, classes, 8).waste(&demand)).into();
        assert!(wastes.is_sorted_by(|more, less| more > less), "{wastes:?}");
    }

    #[test]
    fn there_are_no_more_classes_than_sizes() {
        let demand = Demand::of(vec![(10, 1), (12, 5), (100, 1)]);
        assert_eq!(suggest(&demand, 9, 16).classes(), [16, 112]);
    }
}
