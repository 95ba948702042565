//! Runs that a thread has given back and may soon want again: short ones, kept with its owner.
//!
//! Blocks of a few dozen KiB come and go nearly as often as small ones, and all threads share the regions' lock. As the
//! bins do for small blocks, this spares most of them the way there.

use core::ptr::NonNull;

use super::list::List;
use super::page::PageRef;

/// The longest run that is kept, in pages.
pub(crate) const MOST_PAGES: usize = 4;

/// What is kept of all lengths together, in pages.
const ROOM: usize = 8;

/// Runs that nobody uses, by length.
///
/// # Invariants
///
/// The lists have the first pages of runs that are this cache's, of one page, of two, and so on; `pages` is what they
/// come to.
pub(crate) struct RunCache {
    runs: [List<PageRef>; MOST_PAGES],
    pages: usize,
}

impl RunCache {
    pub(crate) const fn new() -> Self {
        Self { runs: [const { List::new() }; MOST_PAGES], pages: 0 }
    }

    /// Keeps the run of `pages` pages at `start`, of which `first` is the first page, if there is room.
    pub(crate) fn keep(&mut self, first: PageRef, start: NonNull<u8>, pages: usize) -> bool {
        if self.pages + pages > ROOM {
            return false;
        }
        let Some(runs) = self.runs.get_mut(pages - 1) else { return false };
        first.rest(start);
        runs.push(first);
        self.pages += pages;
        true
    }

    /// Takes out a run of `pages` pages: where it begins.
    pub(crate) fn take(&mut self, pages: usize) -> Option<NonNull<u8>> {
        let runs = self.runs.get_mut(pages - 1)?;
        let first = runs.first()?;
        runs.remove(first);
        self.pages -= pages;
        first.wake()
    }

    /// Takes out any run: where it begins, and its pages.
    pub(crate) fn take_any(&mut self) -> Option<(NonNull<u8>, usize)> {
        (1..=MOST_PAGES).find_map(|pages| Some((self.take(pages)?, pages)))
    }
}
