//! Which blocks of a page are free: a bit a block, kept apart from the blocks.
//!
//! ```text
//!   0                carved            capacity
//!   | 1 0 0 1 1 0 1 1 | 0 0 0 0 0 0 0 0 |
//!     1 = free          never used yet
//! ```
//!
//! What was never carved is as the page came; in a fresh page it has never been touched.
//!
//! Most pages have few blocks, so a map has but a few words of its own. Where these are not enough it has [`LongWords`]:
//!
//! ```text
//!   pages    | map | map | map | map | map | …        long words    |       |       | never used yet …
//!               └─────────────┼───────────────────────────────────────▲       ▲
//!                             └───────────────────────────────────────────────┘
//! ```

use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::region::PAGE_SIZE;
use crate::SizeClass;

const WORD_BITS: usize = 64;
const WORDS: usize = PAGE_SIZE / SizeClass::MIN_SIZE / WORD_BITS;
/// The words that a map has of its own.
const OWN_WORDS: usize = 7;

/// The most blocks that a map has bits for without [`LongWords`].
pub(crate) const OWN_BLOCKS: usize = OWN_WORDS * WORD_BITS;

/// The free blocks of one page.
///
/// # Invariants
///
/// `free` is the number of bits set; those bits are below `carved`, and in no word below `lowest`. All zero bytes are
/// the map of a page of which nothing is carved. The `long` words, if there are such, are this map's alone, and there are
/// if `carved` is more than [`OWN_BLOCKS`]; then its own words are zero. That changes only while nobody has a block.
///
/// Only who has locked the page's owner changes anything. But who has a block may ask at any time if that one is free, so
/// the words are atomic; they order nothing.
#[repr(C)]
pub(crate) struct BlockMap {
    free: Count,
    carved: Count,
    lowest: Count,
    long: Cell<Option<NonNull<LongWords>>>,
    own: [AtomicU64; OWN_WORDS],
}

/// The words of a [`BlockMap`] that has more blocks than it has bits of its own for. Nobody's are zero.
#[repr(align(64))]
pub(crate) struct LongWords([AtomicU64; WORDS]);

/// A block that is free already cannot be put back.
#[derive(Debug, PartialEq)]
pub(crate) struct AlreadyFree(pub(crate) usize);

/// A number that is at most that of the blocks in a page.
struct Count(Cell<u16>);

const _: () = assert!(WORDS * WORD_BITS <= u16::MAX as usize, "a count fits its type");

impl Count {
    fn get(&self) -> usize {
        self.0.get().into()
    }

    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    fn set(&self, count: usize) {
        self.0.set(count as u16);
    }
}

impl BlockMap {
    /// The number of free blocks.
    pub(crate) fn free(&self) -> usize {
        self.free.get()
    }

    /// The number of blocks that have been carved from the page, free or not.
    pub(crate) fn carved(&self) -> usize {
        self.carved.get()
    }

    /// Gets words for more than [`OWN_BLOCKS`], while nothing is carved.
    ///
    /// # Safety
    ///
    /// They are this map's alone until [`clear`](Self::clear) gives them back, mapped for as long, and zero.
    pub(crate) unsafe fn extend(&self, long: NonNull<LongWords>) {
        // INVARIANT: by the caller's promise.
        self.long.set(Some(long));
    }

    /// Forgets all blocks, and gives back what it was [extended](Self::extend) by.
    pub(crate) fn clear(&self) -> Option<NonNull<LongWords>> {
        for word in self.words().iter().take(self.carved().div_ceil(WORD_BITS)) {
            word.store(0, Relaxed);
        }
        self.free.set(0);
        self.carved.set(0);
        self.lowest.set(0);
        self.long.take()
    }

    /// Adds the blocks from the last one carved up to, not including, `end`, as free ones.
    pub(crate) fn carve_to(&self, end: usize) {
        let begin = self.carved.get();
        for index in begin / WORD_BITS..end.div_ceil(WORD_BITS) {
            let word = self.word(index);
            word.store(word.load(Relaxed) | word_bits(index, begin, end), Relaxed);
        }
        self.free.set(self.free() + (end - begin));
        self.carved.set(end);
        self.lowest.set(self.lowest.get().min(begin / WORD_BITS));
    }

    /// Takes up to `want` free blocks, lowest first, and calls `taken` with the index of each. Returns their number.
    pub(crate) fn take(&self, want: usize, mut taken: impl FnMut(usize)) -> usize {
        let goal = want.min(self.free());
        let mut left = goal;
        for (index, word) in self.words().iter().enumerate().skip(self.lowest.get()) {
            self.lowest.set(index);
            let mut bits = word.load(Relaxed);
            while bits != 0 && left > 0 {
                taken(index * WORD_BITS + bits.trailing_zeros() as usize);
                bits &= bits - 1;
                left -= 1;
            }
            word.store(bits, Relaxed);
            if left == 0 {
                break;
            }
        }
        self.free.set(self.free() - goal);
        goal
    }

    /// Whether a block is free.
    pub(crate) fn is_free(&self, block: usize) -> bool {
        self.word(block / WORD_BITS).load(Relaxed) >> (block % WORD_BITS) & 1 == 1
    }

    /// Whether none of the blocks from `first` up to, not including, `end` is in use.
    pub(crate) fn are_free(&self, first: usize, end: usize) -> bool {
        let end = end.min(self.carved.get());
        (first / WORD_BITS..end.div_ceil(WORD_BITS)).all(|index| {
            let bits = word_bits(index, first, end);
            self.word(index).load(Relaxed) & bits == bits
        })
    }

    /// Puts back the block `first`, and then those that `next` says. Returns their number, or the first of them that is free
    /// already.
    #[inline]
    pub(crate) fn put(&self, first: usize, mut next: impl FnMut() -> Option<usize>) -> Result<usize, AlreadyFree> {
        let words = self.words();
        let (mut block, mut count, mut lowest) = (first, 0, self.lowest.get());
        loop {
            let (index, bit) = (block / WORD_BITS, 1 << (block % WORD_BITS));
            // There is no more than one block behind the last one of the map, and who frees that is wrong, too.
            let Some(word) = words.get(index) else { return Err(AlreadyFree(block)) };
            let bits = word.load(Relaxed);
            if bits & bit != 0 {
                return Err(AlreadyFree(block));
            }
            word.store(bits | bit, Relaxed);
            lowest = lowest.min(index);
            count += 1;
            let Some(another) = next() else { break };
            block = another;
        }
        self.lowest.set(lowest);
        self.free.set(self.free() + count);
        Ok(count)
    }

    /// All words.
    #[inline]
    fn words(&self) -> &[AtomicU64] {
        match self.long.get() {
            // SAFETY: by the type's invariant, they are there for as long as this map has them.
            Some(long) => &unsafe { long.as_ref() }.0,
            None => &self.own,
        }
    }

    /// The word with the given index, which is that of a block that is carved, or about to be: what is said about others
    /// only saves a check.
    fn word(&self, index: usize) -> &AtomicU64 {
        self.words().get(index).unwrap_or(&self.own[0])
    }
}

/// The bits that the blocks from `begin` up to, not including, `end` have in the word with the given index.
const fn word_bits(index: usize, begin: usize, end: usize) -> u64 {
    let below = begin.saturating_sub(index * WORD_BITS);
    let above = ((index + 1) * WORD_BITS).saturating_sub(end);
    if below >= WORD_BITS || above >= WORD_BITS { 0 } else { (u64::MAX << below) & (u64::MAX >> above) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn map() -> BlockMap {
        BlockMap {
            free: Count(Cell::new(0)),
            carved: Count(Cell::new(0)),
            lowest: Count(Cell::new(0)),
            long: Cell::new(None),
            own: [const { AtomicU64::new(0) }; OWN_WORDS],
        }
    }

    /// By turns, with the same long words: they are as good as new when they come back.
    #[test]
    fn agrees_with_a_set_by_words_of_its_own_and_by_long_ones() {
        let mut long = LongWords([const { AtomicU64::new(0) }; WORDS]);
        let long = NonNull::from(&mut long);
        let map = map();
        for capacity in [WORDS * WORD_BITS, OWN_BLOCKS, WORDS * WORD_BITS] {
            let is_long = capacity > OWN_BLOCKS;
            if is_long {
                // SAFETY: the map gives the words back before they go away.
                unsafe { map.extend(long) };
            }
            agrees_with_a_set(&map, capacity);
            assert_eq!(map.put(capacity, || None), Err(AlreadyFree(capacity)));
            assert_eq!(map.clear(), is_long.then_some(long));
            assert_eq!((map.free(), map.carved()), (0, 0));
            // SAFETY: they are nobody's.
            let long_words = unsafe { long.as_ref() };
            assert!(map.own.iter().chain(&long_words.0).all(|word| word.load(Relaxed) == 0));
        }
    }

    fn agrees_with_a_set(map: &BlockMap, capacity: usize) {
        let mut free = BTreeSet::new();
        let mut state = 3_u64;
        for step in 0..if cfg!(miri) { 60 } else { 20_000 } {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            let random = usize::try_from(state >> 33).expect("31 bits");
            match random % 8 {
                0 if map.carved() < capacity => {
                    let end = (map.carved() + random / 8 % 100 + 1).min(capacity);
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
                    let first = random / 8 % map.carved();
                    let blocks = first..map.carved().min(first + 1 + random / 800 % 3);
                    if let Some(block) = blocks.clone().find(|block| free.contains(block)) {
                        assert_eq!(map.put(block, || None), Err(AlreadyFree(block)), "step {step}");
                    } else {
                        let mut others = first + 1..blocks.end;
                        assert_eq!(map.put(first, || others.next()), Ok(blocks.len()), "step {step}");
                        free.extend(blocks);
                    }
                }
                _ => {}
            }
            assert_eq!(map.free(), free.len());
            let (first, end) = (random % 400, random % 400 + random / 400 % 70);
            assert_eq!(map.is_free(first), free.contains(&first), "step {step}");
            let all_free = (first..end).all(|block| block >= map.carved() || free.contains(&block));
            assert_eq!(map.are_free(first, end), all_free, "step {step}, blocks {first} to {end}");
        }
    }
}
