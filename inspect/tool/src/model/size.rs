//! Requests by their sizes.

use crate::model::number_table::NumberTable;
use crate::model::sums::Sums;

/// All sizes, in the order of their first requests. Small ones are as they are, large ones put together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) list: Vec<(u64, Sums)>,
    index: NumberTable<u32>,
}

impl Sizes {
    /// Sizes above this one are put together.
    pub(crate) const LARGE: u64 = 1 << 16;

    /// The sums of those that are put together with this one.
    pub(crate) fn sums_mut(&mut self, size: u64) -> &mut Sums {
        let size = rounded(size);
        let index = self.index.get(size).unwrap_or_else(|| {
            let index = u32::try_from(self.list.len()).expect("there are no 2^32 sizes that are not put together");
            self.list.push((size, Sums::default()));
            self.index.insert(size, index);
            index
        });
        &mut self.list[index as usize].1
    }
}

/// The size by which requests are put together: small ones as they are, large ones rounded up to an eighth of a doubling.
fn rounded(size: u64) -> u64 {
    if size <= Sizes::LARGE {
        return size;
    }
    let step = 1 << ((size - 1).ilog2() - 3);
    size.checked_next_multiple_of(step).unwrap_or(u64::MAX)
}
