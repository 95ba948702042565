//! A set of pages of one region: a bit for each.

use core::cell::Cell;
use core::ops::Range;

use super::region::PAGES;

const WORD_BITS: usize = 64;
const WORDS: usize = PAGES / WORD_BITS;

const _: () = assert!(PAGES.is_multiple_of(WORD_BITS) && WORDS.is_power_of_two());

/// Some of the pages of a region, by their indices, which are below [`PAGES`].
///
/// All operations take time for the words that they look at, of which a set has few.
pub(crate) struct PageSet {
    words: [Cell<u64>; WORDS],
}

impl PageSet {
    /// No pages.
    pub(crate) const fn new() -> Self {
        Self { words: [const { Cell::new(0) }; WORDS] }
    }

    /// Those of this set's pages that are in `range`, as a set of their own.
    pub(crate) fn within(&self, range: Range<usize>) -> Self {
        let part = Self::new();
        for_words(range, |index, mask| part.word(index).set(self.word(index).get() & mask));
        part
    }

    pub(crate) fn insert(&self, range: Range<usize>) {
        for_words(range, |index, mask| self.insert_in(index, mask));
    }

    /// Adds the pages of one word that `mask` has a bit for.
    #[inline]
    pub(crate) fn insert_in(&self, index: usize, mask: u64) {
        self.word(index).update(|word| word | mask);
    }

    /// Takes out the pages of one word that `mask` has a bit for, and returns how many of them were in the set.
    #[inline]
    pub(crate) fn remove_in(&self, index: usize, mask: u64) -> usize {
        let word = self.word(index).get();
        self.word(index).set(word & !mask);
        (word & mask).count_ones() as usize
    }

    pub(crate) fn remove(&self, page: usize) {
        self.remove_in(page / WORD_BITS, 1 << (page % WORD_BITS));
    }

    pub(crate) fn contains(&self, page: usize) -> bool {
        self.word(page / WORD_BITS).get() >> (page % WORD_BITS) & 1 == 1
    }

    /// Becomes the same as `other`.
    pub(crate) fn copy_from(&self, other: &Self) {
        for (word, other) in self.words.iter().zip(&other.words) {
            word.set(other.get());
        }
    }

    /// Whether no page of `range` is in the set.
    pub(crate) fn is_disjoint(&self, range: Range<usize>) -> bool {
        let mut found = 0;
        for_words(range, |index, mask| found |= self.word(index).get() & mask);
        found == 0
    }

    /// The lowest page of the set from `from` on.
    pub(crate) fn first_from(&self, from: usize) -> Option<usize> {
        let mut index = from;
        while index < PAGES {
            let rest = self.word(index / WORD_BITS).get() >> (index % WORD_BITS);
            if rest != 0 {
                return Some(index + rest.trailing_zeros() as usize);
            }
            index = (index / WORD_BITS + 1) * WORD_BITS;
        }
        None
    }

    /// Up to where all pages from `start` on are in the set.
    pub(crate) fn run_end(&self, start: usize) -> usize {
        let mut index = start;
        while index < PAGES {
            let missing = !self.word(index / WORD_BITS).get() >> (index % WORD_BITS);
            if missing != 0 {
                return index + missing.trailing_zeros() as usize;
            }
            index = (index / WORD_BITS + 1) * WORD_BITS;
        }
        PAGES
    }

    /// From where on all pages below `end` are in the set.
    pub(crate) fn run_start(&self, end: usize) -> usize {
        let mut index = end;
        while index > 0 {
            let last = index - 1;
            let missing = !self.word(last / WORD_BITS).get() << (WORD_BITS - 1 - last % WORD_BITS);
            if missing != 0 {
                return index - missing.leading_zeros() as usize;
            }
            index = last / WORD_BITS * WORD_BITS;
        }
        0
    }

    /// The highest run of pages of the set, as long as it can be.
    pub(crate) fn last_run(&self) -> Option<Range<usize>> {
        let (index, word) = self.words.iter().enumerate().rfind(|(_, word)| word.get() != 0)?;
        let end = (index + 1) * WORD_BITS - word.get().leading_zeros() as usize;
        Some(self.run_start(end)..end)
    }

    /// The runs of pages of the set, as long as they can be, lowest first, as far as they lie in `range`.
    pub(crate) fn runs(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut from = range.start;
        core::iter::from_fn(move || {
            let start = self.first_from(from).filter(|&start| start < range.end)?;
            from = self.run_end(start).min(range.end);
            Some(start..from)
        })
    }

    /// The word with the given index, which is below `WORDS`: the mask only saves a check.
    fn word(&self, index: usize) -> &Cell<u64> {
        &self.words[index & (WORDS - 1)]
    }
}

/// Calls `f` with the index of each word of a set that `range` is in, and with the bits of it there.
#[inline]
pub(crate) fn for_words(range: Range<usize>, mut f: impl FnMut(usize, u64)) {
    if range.is_empty() {
        return;
    }
    let last = range.end - 1;
    let (first_word, last_word) = (range.start / WORD_BITS, last / WORD_BITS);
    let first_mask = u64::MAX << (range.start % WORD_BITS);
    let last_mask = u64::MAX >> (WORD_BITS - 1 - last % WORD_BITS);
    if first_word == last_word {
        return f(first_word, first_mask & last_mask);
    }
    f(first_word, first_mask);
    (first_word + 1..last_word).for_each(|word| f(word, u64::MAX));
    f(last_word, last_mask);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    /// The same questions, asked of a set from the library.
    struct Model(BTreeSet<usize>);

    impl Model {
        fn run_end(&self, start: usize) -> usize {
            (start..PAGES).find(|page| !self.0.contains(page)).unwrap_or(PAGES)
        }

        fn run_start(&self, end: usize) -> usize {
            (0..end).rev().find(|page| !self.0.contains(page)).map_or(0, |page| page + 1)
        }

        fn runs(&self, range: Range<usize>) -> Vec<Range<usize>> {
            let mut runs: Vec<Range<usize>> = Vec::new();
            for &page in self.0.range(range) {
                match runs.last_mut() {
                    Some(run) if run.end == page => run.end += 1,
                    _ => runs.push(page..page + 1),
                }
            }
            runs
        }
    }

    fn agree(set: &PageSet, model: &Model, range: Range<usize>) {
        let inside = model.0.range(range.clone()).count();
        assert_eq!(set.contains(range.start), model.0.contains(&range.start));
        assert_eq!(set.is_disjoint(range.clone()), inside == 0);
        assert_eq!(set.first_from(range.start), model.0.range(range.start..).next().copied());
        assert_eq!(set.run_end(range.start), model.run_end(range.start));
        assert_eq!(set.run_start(range.end), model.run_start(range.end));
        assert_eq!(set.last_run(), model.0.last().map(|&last| model.run_start(last + 1)..last + 1));
        assert!(set.runs(range.clone()).eq(model.runs(range.clone())));
        assert!(set.within(range.clone()).runs(0..PAGES).eq(model.runs(range)));
    }

    #[test]
    fn agrees_with_a_set_of_the_library() {
        let set = PageSet::new();
        let mut model = Model(BTreeSet::new());
        let mut state = 5_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            usize::try_from(state >> 33).expect("31 bits") % below
        };
        for step in 0..if cfg!(miri) { 40 } else { 10_000 } {
            // Ranges of all magnitudes, so that words are met in part and whole.
            let start = random(PAGES);
            let most = 1 << random(11);
            let len = random((PAGES - start).min(most) + 1);
            let range = start..start + len;
            if step % 2 == 0 {
                set.insert(range.clone());
                model.0.extend(range.clone());
            } else {
                let mut removed = 0;
                for_words(range.clone(), |index, mask| removed += set.remove_in(index, mask));
                assert_eq!(removed, model.0.range(range.clone()).count());
                model.0.retain(|page| !range.contains(page));
            }
            agree(&set, &model, random(start + 1)..start + len);
            agree(&set, &model, range);
        }
        let copy = PageSet::new();
        copy.insert(0..PAGES);
        copy.copy_from(&set);
        agree(&copy, &model, 0..PAGES);
    }
}
