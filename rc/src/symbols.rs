//! The table of an interner: weak handles to symbols, found by hash.
//!
//! An array of places, of which a power of two there are. A symbol is looked for from the place that its hash names, one
//! place after the other, until it is found or an empty place is (linear probing).
//!
//! ```text
//!   │ empty │ hash, weak │ hash, dead │ hash, weak │ empty │ …
//!              ▲ search starts here, and ends there ▲
//! ```
//!
//! Nothing is removed: the weak handle of a symbol that goes away is dead, and its place is taken by the next symbol that
//! passes, or emptied when the table is rebuilt.

use alloc::vec::Vec;

use crate::counted::Handle;
use crate::counts::Counts;
use crate::weak::WeakHandle;

struct Entry<T: ?Sized, C: Counts> {
    hash: u64,
    symbol: WeakHandle<T, C>,
}

/// # Invariants
///
/// - The number of places is zero or a power of two; a quarter of them at least is empty.
/// - From the place that an entry's hash names to its own, no place is empty.
pub(crate) struct Symbols<T: ?Sized, C: Counts> {
    places: Vec<Option<Entry<T, C>>>,
    /// How many places are not empty.
    taken: usize,
}

impl<T: ?Sized, C: Counts> Symbols<T, C> {
    const LEAST: usize = 16;

    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), taken: 0 }
    }

    /// The next living symbol with this hash that was not `passed` already.
    ///
    /// Whoever searches compares it when the table is not borrowed any more: comparing symbols may run anything, also what uses
    /// the interner, and so may dropping the handle, which may be the last one.
    pub(crate) fn next(&self, hash: u64, passed: &[Handle<T, C>]) -> Option<Handle<T, C>> {
        let entries = self.places_from(hash).map_while(|place| self.places[place].as_ref());
        let others = entries.filter(|entry| entry.hash == hash && !entry.is_one_of(passed));
        others.filter_map(|entry| entry.symbol.upgrade()).next()
    }

    /// Adds a symbol that is not there.
    pub(crate) fn add(&mut self, hash: u64, symbol: &Handle<T, C>) {
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            self.rebuild();
        }
        let entry = Entry { hash, symbol: Handle::downgrade(symbol) };
        let free = |place: &usize| self.places[*place].as_ref().is_none_or(Entry::is_dead);
        let place = self.places_from(hash).find(free).expect("a quarter of the places is empty");
        // INVARIANT: the search went over taken places only. An emptied place is taken again.
        if self.places[place].replace(entry).is_none() {
            self.taken += 1;
        }
    }

    /// Makes a new array with room for as many living symbols again.
    pub(crate) fn rebuild(&mut self) {
        let living = self.len();
        // INVARIANT: less than half of the places will be taken.
        let places = ((living + 1) * 2).next_power_of_two().max(Self::LEAST);
        let new = core::iter::repeat_with(|| None).take(places).collect();
        let old = core::mem::replace(&mut self.places, new);
        self.taken = 0;
        for entry in old.into_iter().flatten().filter(|entry| !entry.is_dead()) {
            let is_empty = |place: &usize| self.places[*place].is_none();
            let place = self.places_from(entry.hash).find(is_empty).expect("more than half of the places is empty");
            self.places[place] = Some(entry);
            self.taken += 1;
        }
    }

    /// The number of living symbols.
    pub(crate) fn len(&self) -> usize {
        self.places.iter().flatten().filter(|entry| !entry.is_dead()).count()
    }

    /// Handles to all living symbols.
    pub(crate) fn living(&self) -> Vec<Handle<T, C>> {
        self.places.iter().flatten().filter_map(|entry| entry.symbol.upgrade()).collect()
    }

    /// All places, from the one that the hash names on.
    fn places_from(&self, hash: u64) -> impl Iterator<Item = usize> + use<T, C> {
        let mask = self.places.len().wrapping_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
        let first = hash as usize;
        (0..self.places.len()).map(move |i| first.wrapping_add(i) & mask)
    }
}

impl<T: ?Sized, C: Counts> Entry<T, C> {
    fn is_dead(&self) -> bool {
        self.symbol.strong_count() == 0
    }

    /// Whether this is a symbol of these, which live. (A dead one may be taken for one of them, and is passed by all the same.)
    fn is_one_of(&self, living: &[Handle<T, C>]) -> bool {
        living.iter().any(|symbol| core::ptr::addr_eq(Handle::as_ptr(symbol), self.symbol.as_ptr()))
    }
}
