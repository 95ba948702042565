//! Size classes: how full their pages are, what their blocks waste, and which table would waste less.
//!
//! ```text
//!   Page events ──────────────▸ heat map: a cell for each page
//!   sizes live at the peak ──▸ Demand ──▸ Table: waste of each class ──▸ picture
//!                                   └───▸ suggest: the table of N classes that wastes least
//! ```
//!
//! Waste is what a block has more than was asked for. At the heap's peak it costs memory; at other times there is enough.

pub(crate) mod before_after;
pub(crate) mod heat_map;
pub(crate) mod suggest;

use mudlark_core_alloc::SizeClass;

use crate::model::{Class, Model, Moment};

/// Blocks that are asked for: how many of which size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Sizes with the numbers of blocks, the smallest first, none twice.
    sizes: Vec<(u64, u64)>,
}

impl Demand {
    /// What was live at the heap's peak, of sizes up to a largest one. Sizes that the model puts together are too large.
    pub(crate) fn at_peak(model: &Model, largest: u64) -> Self {
        let largest = largest.min(Model::LARGE);
        let live = model.sizes().map(|(size, sums)| (size, model.at_peak(sums).blocks.rounded()));
        Self::of(live.filter(|&(size, blocks)| size <= largest && blocks > 0).collect())
    }

    /// Of these sizes, which have so many blocks.
    pub(crate) fn of(mut sizes: Vec<(u64, u64)>) -> Self {
        sizes.sort_unstable();
        Self { sizes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    pub(crate) fn blocks(&self) -> u64 {
        saturating_sum(self.sizes.iter().map(|size| size.1))
    }

    /// Bytes that are asked for.
    pub(crate) fn requested(&self) -> u64 {
        saturating_sum(self.sizes.iter().map(|&(size, blocks)| size.saturating_mul(blocks)))
    }

    /// The largest size.
    pub(crate) fn largest(&self) -> u64 {
        self.sizes.last().map_or(0, |size| size.0)
    }
}

/// Block sizes, the smallest first. A request is served by the first that is large enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    classes: Vec<u64>,
}

/// What a class has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) block_size: u64,
    pub(crate) blocks: u64,
    pub(crate) requested: u64,
}

impl Load {
    /// Bytes that blocks have more than was asked for.
    pub(crate) const fn waste(&self) -> u64 {
        self.block_size.saturating_mul(self.blocks).saturating_sub(self.requested)
    }
}

impl Table {
    pub(crate) fn of(mut classes: Vec<u64>) -> Self {
        classes.sort_unstable();
        classes.dedup();
        Self { classes }
    }

    /// Mudlark's own, up to the class that holds this size.
    pub(crate) fn mudlark(largest: u64) -> Self {
        let mut classes: Vec<u64> = SizeClass::all().map(|class| class.block_size() as u64).collect();
        classes.truncate(classes.partition_point(|&class| class < largest) + 1);
        Self { classes }
    }

    pub(crate) fn classes(&self) -> &[u64] {
        &self.classes
    }

    pub(crate) fn largest(&self) -> u64 {
        self.classes.last().copied().unwrap_or(0)
    }

    /// What each class has to do to serve this. Sizes above the largest class are left out.
    pub(crate) fn serve(&self, demand: &Demand) -> Vec<Load> {
        let mut loads: Vec<Load> =
            self.classes.iter().map(|&block_size| Load { block_size, ..Load::default() }).collect();
        for &(size, blocks) in &demand.sizes {
            if let Some(load) = loads.get_mut(self.classes.partition_point(|&class| class < size)) {
                load.blocks = load.blocks.saturating_add(blocks);
                load.requested = load.requested.saturating_add(size.saturating_mul(blocks));
            }
        }
        loads
    }

    /// Bytes that blocks have more than was asked for, in all.
    pub(crate) fn waste(&self, demand: &Demand) -> u64 {
        saturating_sum(self.serve(demand).iter().map(Load::waste))
    }
}

/// A log may claim numbers that no machine has.
pub(crate) fn saturating_sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// The table that the log's heap has, as far as it told of it, or else Mudlark's own; and the sizes that it serves.
pub(crate) fn current(model: &Model) -> (Table, Demand) {
    let told = model.heap.fullest().map_or(&[][..], |moment| &moment.classes);
    let table = if told.is_empty() {
        Table::mudlark(SizeClass::MAX_SIZE as u64)
    } else {
        Table::of(told.iter().map(|class| class.block_size).collect())
    };
    let demand = Demand::at_peak(model, table.largest());
    // Classes beyond the largest size have nothing to do with this program.
    let needed = table.classes.partition_point(|&class| class < demand.largest()) + 1;
    (Table { classes: table.classes.into_iter().take(needed).collect() }, demand)
}

/// What the heap says of the blocks in use, or else what the log's own requests say of its peak.
pub(crate) fn loads(model: &Model, moment: Option<&Moment>) -> Vec<Load> {
    let told = moment.map_or(&[][..], |moment| &moment.classes);
    if told.is_empty() {
        let (table, demand) = current(model);
        let loads = table.serve(&demand).into_iter();
        return loads.filter(|load| load.blocks > 0).collect();
    }
    let of_class =
        |class: &Class| Load { block_size: class.block_size, blocks: class.used, requested: class.requested };
    told.iter().map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_served_by_the_smallest_block_that_holds_it() {
        let demand = Demand::of(vec![(1, 10), (16, 1), (17, 2), (100, 1)]);
        let loads = Table::of(vec![64, 16]).serve(&demand);
        assert_eq!(loads[0], Load { block_size: 16, blocks: 11, requested: 26 });
        assert_eq!((loads[1], loads[1].waste()), (Load { block_size: 64, blocks: 2, requested: 34 }, 94));
    }

    #[test]
    fn mudlarks_table_ends_with_the_class_that_holds_the_largest_size() {
        assert_eq!(Table::mudlark(33).classes(), [16, 32, 48]);
        assert_eq!(Table::mudlark(48).classes(), [16, 32, 48]);
        assert_eq!(Table::mudlark(1 << 40).largest(), SizeClass::MAX_SIZE as u64);
    }
}
