//! Which blocks of a page are free: a bit a block, kept apart from the blocks.
//!
//! ```text
//!   0                carved            capacity
//!   | 1 0 0 1 1 0 1 1 | 0 0 0 0 0 0 0 0 |
//!     1 = free          never used yet
//! ```
//!
//! Memory behind the blocks that were never carved has never been touched.

use core::cell::Cell;

use super::region::PAGE_SIZE;
use crate::SizeClass;

const WORD_BITS: usize = 64;
const WORDS: usize = PAGE_SIZE / SizeClass::MIN_SIZE / WORD_BITS;

/// The free blocks of one page.
///
/// # Invariants
///
/// `free` is the number of bits set; those bits are below `carved`, and in no word below `lowest`. All zero bytes are
/// the map of a page of which nothing is carved.
pub(crate) struct BlockMap {
    free: Cell<usize>,
    carved: Cell<usize>,
    lowest: Cell<usize>,
    words: [Cell<u64>; WORDS],
}

/// The answer to putting back a block that is free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AlreadyFree;

impl BlockMap {
    /// The number of free blocks.
    pub(crate) fn free(&self) -> usize {
        self.free.get()
    }

    /// The number of blocks that have been carved from the page, free or not.
    pub(crate) fn carved(&self) -> usize {
        self.carved.get()
    }

    /// Forgets all blocks.
    pub(crate) fn reset(&self) {
        for word in self.words.iter().take(self.carved.get().div_ceil(WORD_BITS)) {
            word.set(0);
        }
        self.free.set(0);
        self.carved.set(0);
        self.lowest.set(0);
    }

    /// Adds the blocks from the last one carved up to, not including, `end`, as free ones.
    pub(crate) fn carve_to(&self, end: usize) {
        let begin = self.carved.get();
        for index in begin / WORD_BITS..end.div_ceil(WORD_BITS) {
            let below = begin.saturating_sub(index * WORD_BITS);
            let above = ((index + 1) * WORD_BITS).saturating_sub(end);
            let word = self.word(index);
            word.set(word.get() | (u64::MAX << below) & (u64::MAX >> above));
        }
        self.free.update(|free| free + (end - begin));
        self.carved.set(end);
        self.lowest.update(|lowest| lowest.min(begin / WORD_BITS));
    }

    /// Takes up to `want` free blocks, lowest first, and calls `taken` with the index of each. Returns their number.
    pub(crate) fn take(&self, want: usize, mut taken: impl FnMut(usize)) -> usize {
        let goal = want.min(self.free.get());
        let mut left = goal;
        let mut index = self.lowest.get();
        while left > 0 {
            let word = self.word(index);
            let mut bits = word.get();
            while bits != 0 && left > 0 {
                taken(index * WORD_BITS + bits.trailing_zeros() as usize);
                bits &= bits - 1;
                left -= 1;
            }
            word.set(bits);
            if left > 0 {
                index += 1;
            }
        }
        self.lowest.set(index);
        self.free.update(|free| free - goal);
        goal
    }

    /// Puts a block back.
    pub(crate) fn put(&self, block: usize) -> Result<(), AlreadyFree> {
        let index = block / WORD_BITS;
        let bit = 1 << (block % WORD_BITS);
        let word = self.word(index);
        if word.get() & bit != 0 {
            return Err(AlreadyFree);
        }
        word.set(word.get() | bit);
        self.free.update(|free| free + 1);
        self.lowest.update(|lowest| lowest.min(index));
        Ok(())
    }

    /// The word with the given index, which is below `WORDS`: the remainder only saves a check.
    fn word(&self, index: usize) -> &Cell<u64> {
        &self.words[index % WORDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn map() -> BlockMap {
        BlockMap {
            free: Cell::new(0),
            carved: Cell::new(0),
            lowest: Cell::new(0),
            words: [const { Cell::new(0) }; WORDS],
        }
    }

    #[test]
    fn agrees_with_a_set() {
        let map = map();
        let mut free = BTreeSet::new();
        let mut state = 3_u64;
        for step in 0..if cfg!(miri) { 60 } else { 20_000 } {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            let random = usize::try_from(state >> 33).expect("31 bits");
            match random % 8 {
                0 if map.carved() < WORDS * WORD_BITS => {
                    let end = (map.carved() + random / 8 % 100 + 1).min(WORDS * WORD_BITS);
                    free.extend(map.carved()..end);
                    map.carve_to(end);
                }
                1 => {
                    let mut taken = Vec::new();
                    let count = map.take(random / 8 % 50, |block| taken.push(block));
                    assert_eq!(count, taken.len());
                    let lowest: Vec<usize> = free.iter().copied().take(count).collect();
                    assert_eq!(taken, lowest, "step {step}");
                    for block in lowest {
                        free.remove(&block);
                    }
                }
                _ if map.carved() > 0 => {
                    let block = random / 8 % map.carved();
                    assert_eq!(map.put(block).is_ok(), free.insert(block), "step {step}");
                }
                _ => {}
            }
            assert_eq!(map.free(), free.len());
        }
        map.reset();
        assert_eq!((map.free(), map.carved()), (0, 0));
        assert!(map.words.iter().all(|word| word.get() == 0));
    }
}
