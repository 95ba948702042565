//! The block sizes that pages are cut into.
//!
//! Sixteen-byte steps up to 128 bytes, then eight classes a doubling up to [`SizeClass::MAX_SIZE`]:
//!
//! ```text
//!  16  32  48 … 128 | 144 160 176 … 256 | 288 320 … 512 | … | 18432 20480 … 32768
//!   step 16         |  step 16          |  step 32      |   |  step 2048
//! ```
//!
//! Both allocation and deallocation know the [`Layout`], mostly as a constant, so [`SizeClass::of`] usually costs
//! nothing at run time. The spacing is that of jemalloc's and snmalloc's tables, with eight steps instead of four.

use core::alloc::Layout;

/// log2 of the number of classes in each doubling.
const STEPS_LOG2: u32 = 3;
const STEPS: usize = 1 << STEPS_LOG2;
/// log2 of the smallest step, which is also the smallest block.
const GRANULE_LOG2: u32 = 4;
/// Up to here classes are one granule apart.
const LINEAR_LIMIT: usize = STEPS << GRANULE_LOG2;

/// One of the block sizes that pages serve.
///
#[doc = include_str!("size_class_table.md")]
///
/// # Invariants
///
/// `self.0 < SizeClass::COUNT`, so it may index any table with an entry a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizeClass(u8);

impl SizeClass {
    /// The number of classes.
    pub const COUNT: usize = class_index(Self::MAX_SIZE) + 1;

    /// The largest block that a page serves, in bytes.
    pub const MAX_SIZE: usize = 32 * 1024;

    /// The smallest block, in bytes; every block's size is a multiple of it.
    pub const MIN_SIZE: usize = 1 << GRANULE_LOG2;

    /// The largest block that [`of_small`](Self::of_small) knows, in bytes.
    pub(crate) const SMALL_LIMIT: usize = 1024;

    /// The first class.
    #[cfg(feature = "std")]
    pub(crate) const SMALLEST: Self = Self(0);

    /// The smallest class whose blocks hold `layout`, or `None` when no page serves it.
    ///
    /// A size of zero is served as one byte is. A block's address is its page's plus a multiple of the block size,
    /// so a size that is a multiple of the alignment gives a class whose blocks are all aligned, wherever the page
    /// itself is aligned that far.
    ///
    /// ```
    /// use core::alloc::Layout;
    /// use mudlark_core_alloc::SizeClass;
    ///
    /// let class = SizeClass::of(Layout::new::<[u8; 100]>()).unwrap();
    /// assert_eq!(class.block_size(), 112);
    /// assert_eq!(SizeClass::of(Layout::new::<[u8; 100_000]>()), None);
    /// ```
    #[inline]
    #[must_use]
    pub const fn of(layout: Layout) -> Option<Self> {
        if layout.align() <= Self::MIN_SIZE {
            // Nearly all come this way. Where the Layout is not a constant, the processor foresees that, and has not far to
            // go from the size to the class.
            Self::of_reach(layout.size())
        } else {
            Self::of_reach(reach(layout))
        }
    }

    /// The smallest class whose blocks have at least `size` bytes.
    #[inline]
    const fn of_reach(size: usize) -> Option<Self> {
        // INVARIANT: the table holds indices of classes.
        if size <= Self::MAX_SIZE { Some(Self(INDICES[granules(size)])) } else { None }
    }

    /// [`of`](Self::of), but `None` for all above [`SMALL_LIMIT`](Self::SMALL_LIMIT): by a table that a microcontroller
    /// has room for.
    #[inline]
    pub(crate) const fn of_small(layout: Layout) -> Option<Self> {
        let size = reach(layout);
        // INVARIANT: the table holds indices of classes.
        if size <= Self::SMALL_LIMIT { Some(Self(SMALL_INDICES[granules(size)])) } else { None }
    }

    /// The class with the given index, or `None` beyond the last.
    #[must_use]
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < Self::COUNT {
            // INVARIANT: just checked.
            Some(Self::from_small(index))
        } else {
            None
        }
    }

    /// All classes, smallest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        // INVARIANT: the range ends at COUNT.
        (0..Self::COUNT).map(Self::from_small)
    }

    /// The place of this class in a table with an entry a class.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The size of this class's blocks, in bytes.
    #[inline]
    #[must_use]
    pub const fn block_size(self) -> usize {
        let index = self.index();
        if index < STEPS {
            return (index + 1) << GRANULE_LOG2;
        }
        let doubling = index / STEPS - 1;
        (STEPS + 1 + index % STEPS) << (GRANULE_LOG2 as usize + doubling)
    }

    #[expect(clippy::cast_possible_truncation, reason = "an index is below COUNT, which is below 256")]
    const fn from_small(index: usize) -> Self {
        Self(index as u8)
    }
}

/// The class for every number of granules. One table, so that no branch depends on the size: where sizes are mixed, a
/// processor would foresee it as often as not. A constant, so that every crate that a request is inlined into has the table
/// at a distance that it knows, and behind a reference, so that a build that does not optimise copies no table.
const INDICES: &[u8; granules(SizeClass::MAX_SIZE) + 1] = &indices();
const SMALL_INDICES: &[u8; granules(SizeClass::SMALL_LIMIT) + 1] = &indices();

const fn indices<const LEN: usize>() -> [u8; LEN] {
    let mut table = [0; LEN];
    let mut count = 1;
    while count < LEN {
        table[count] = SizeClass::from_small(class_index(count << GRANULE_LOG2)).0;
        count += 1;
    }
    table
}

/// The number of granules that hold `size` bytes.
const fn granules(size: usize) -> usize {
    size.div_ceil(1 << GRANULE_LOG2)
}

/// The size of a block for `layout` at least: a multiple of the alignment. Beyond all classes where the alignment is so.
#[inline]
const fn reach(layout: Layout) -> usize {
    let align = layout.align();
    // Only here does it matter: no granules are served as one, and these are aligned to their size.
    let size = if align > SizeClass::MIN_SIZE && layout.size() == 0 { 1 } else { layout.size() };
    // By `Layout`'s invariant, there is no overflow; an alignment is a power of two.
    (size + align - 1) & !(align - 1)
}

/// The index of the smallest class with blocks of at least `size` bytes, which is not zero.
const fn class_index(size: usize) -> usize {
    if size <= LINEAR_LIMIT {
        return (size - 1) >> GRANULE_LOG2;
    }
    let last = size - 1;
    // `last` lies in [2^log2, 2^(log2 + 1)), which holds STEPS classes.
    let log2 = last.ilog2();
    let doubling = (log2 - LINEAR_LIMIT.ilog2()) as usize;
    let step_in_doubling = (last >> (log2 - STEPS_LOG2)) & (STEPS - 1);
    (doubling + 1) * STEPS + step_in_doubling
}

const _: () = assert!(SizeClass::COUNT <= 256, "an index fits a byte");

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::ToOwned;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a valid layout")
    }

    #[test]
    fn classes_ascend_and_name_themselves() {
        let sizes = SizeClass::all().map(SizeClass::block_size);
        assert!(sizes.clone().zip(sizes.skip(1)).all(|(small, large)| small < large));
        for class in SizeClass::all() {
            assert_eq!(SizeClass::of(layout(class.block_size(), 1)), Some(class));
            assert_eq!(SizeClass::from_index(class.index()), Some(class));
        }
        assert_eq!(SizeClass::from_index(SizeClass::COUNT), None);
    }

    /// The table of the documentation: a row for every eight classes.
    fn table() -> String {
        let rows = SizeClass::all().step_by(STEPS).map(|first| {
            let row: Vec<usize> = SizeClass::all().skip(first.index()).take(STEPS).map(SizeClass::block_size).collect();
            let below = first.index().checked_sub(1).and_then(SizeClass::from_index).map_or(0, SizeClass::block_size);
            let waste = core::iter::once(below)
                .chain(row.iter().copied())
                .zip(&row)
                .skip(usize::from(below == 0))
                .map(|(smaller, &size)| (size - smaller - 1) * 1000 / size)
                .max()
                .unwrap_or(0);
            let sizes: Vec<String> = row.iter().map(ToString::to_string).collect();
            format!("| {} | {}.{} |\n", sizes.join(" | "), waste / 10, waste % 10)
        });
        let head = "| block sizes, in bytes | | | | | | | | most waste, % |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        head.to_owned() + &rows.collect::<String>()
    }

    #[test]
    fn the_table_of_the_documentation_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/size_class_table.md");
        if std::env::var_os("MUDLARK_WRITE_TABLES").is_some() {
            std::fs::write(path, table()).expect("a file that can be written");
        }
        let written = include_str!("size_class_table.md");
        assert!(
            written == table(),
            "to write {path} anew, run the test with MUDLARK_WRITE_TABLES=1, and then once more"
        );
    }

    #[test]
    fn every_size_gets_the_smallest_block_that_holds_it() {
        for size in (0..=SizeClass::MAX_SIZE).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let class = SizeClass::of(layout(size, 1)).expect("a class for every small size");
            assert!(class.block_size() >= size);
            if class.index() > 0 {
                let smaller = SizeClass::from_index(class.index() - 1).expect("a smaller class");
                assert!(smaller.block_size() < size, "{size} B went to {} B", class.block_size());
            }
        }
        assert_eq!(SizeClass::of(layout(SizeClass::MAX_SIZE + 1, 1)), None);
    }

    #[test]
    fn blocks_of_a_class_are_as_aligned_as_the_layout_asked() {
        for align in (0..=15).map(|log2| 1 << log2) {
            let step = if cfg!(miri) {
                1021
            } else if align < 64 {
                7
            } else {
                1
            };
            for size in (0..=SizeClass::MAX_SIZE).step_by(step) {
                let class = SizeClass::of(layout(size, align)).expect("a class");
                assert_eq!(class.block_size() % align, 0, "{size} B aligned to {align}");
            }
        }
        assert_eq!(SizeClass::of(layout(16, 2 * SizeClass::MAX_SIZE)), None);
    }

    #[test]
    fn no_block_wastes_more_than_a_fifth_beyond_its_smallest_requests() {
        for class in SizeClass::all().skip(STEPS) {
            let smaller = SizeClass::from_index(class.index() - 1).expect("a smaller class");
            let waste = class.block_size() - (smaller.block_size() + 1);
            assert!(waste * 5 <= class.block_size(), "{} B wastes {waste} B", class.block_size());
        }
    }
}
