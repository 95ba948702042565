//! The filter: of most addresses it says at once, without a lock, that no recorded block is there.
//!
//! ```text
//!                         bits     0 0 1 0 0 0 1 0 …     whether recorded blocks in use are at this place: for everybody
//!   address ──▸ place ──▸
//!                         counts   0 0 1 0 0 0 2 0 …     how many they are: for who has the engine
//! ```
//!
//! It is asked far more often than anything is recorded. So bits are what it is asked for: all of them have room in a corner of the
//! processor's first cache, where the program has its own data.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Addresses share so many places.
const PLACES: usize = 1 << PLACE_BITS;
// Miri goes through all of them, at its own speed.
const PLACE_BITS: u32 = if cfg!(miri) { 8 } else { 14 };

/// A word of bits is of so many places.
const WORD: usize = u64::BITS as usize;

/// So many or more: nobody knows any more how many, until they are counted anew.
const MANY: u8 = u8::MAX;

/// Where recorded blocks may be.
///
/// Any thread asks. One at a time changes it: who has the engine.
///
/// # Invariants
///
/// A place's count is that of the recorded blocks there, or [`MANY`]; its bit is zero if and only if the count is. While a change is
/// made, a bit is set if a block is there before the change and after it.
pub(crate) struct Filter {
    bits: [AtomicU64; PLACES / WORD],
    counts: [AtomicU8; PLACES],
}

impl Filter {
    /// No recorded block is anywhere.
    pub(crate) const fn new() -> Self {
        Self { bits: [const { AtomicU64::new(0) }; PLACES / WORD], counts: [const { AtomicU8::new(0) }; PLACES] }
    }

    /// Whether a recorded block may be at this address. If not, that is so: there is none.
    #[inline]
    pub(crate) fn may_have(&self, address: usize) -> bool {
        let place = place(address);
        // Relaxed: who asks got the block by way of who recorded it, and that one had set the bit.
        self.bits[place / WORD].load(Ordering::Relaxed) >> (place % WORD) & 1 != 0
    }

    /// A recorded block is at this address from now on.
    pub(crate) fn add(&self, address: usize) {
        let place = place(address);
        let count = self.counts[place].load(Ordering::Relaxed);
        self.set(place, count.saturating_add(1));
    }

    /// It is not any more.
    pub(crate) fn remove(&self, address: usize) {
        let place = place(address);
        let count = self.counts[place].load(Ordering::Relaxed);
        if count != MANY {
            self.set(place, count.saturating_sub(1));
        }
    }

    fn set(&self, place: usize, count: u8) {
        self.counts[place].store(count, Ordering::Relaxed);
        let (word, bit) = (&self.bits[place / WORD], 1 << (place % WORD));
        let others = word.load(Ordering::Relaxed) & !bit;
        word.store(if count == 0 { others } else { others | bit }, Ordering::Relaxed);
    }

    /// No recorded block is anywhere any more.
    pub(crate) fn clear(&self) {
        self.renew(core::iter::empty());
    }

    /// Counts anew: recorded blocks are just at these addresses.
    pub(crate) fn renew(&self, addresses: impl Iterator<Item = usize>) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
        for address in addresses {
            let count = &self.counts[place(address)];
            count.store(count.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
        }
        // Only now: somebody may be about to free one of them.
        for (word, counts) in self.bits.iter().zip(self.counts.chunks(WORD)) {
            word.store(bits_of(counts), Ordering::Relaxed);
        }
    }
}

/// A bit for each count, the first one's lowest.
fn bits_of(counts: &[AtomicU8]) -> u64 {
    counts.iter().rev().fold(0, |bits, count| bits << 1 | u64::from(count.load(Ordering::Relaxed) != 0))
}

/// The place of an address.
#[inline]
fn place(address: usize) -> usize {
    // The lowest bits are zero mostly; the golden ratio spreads the others (Knuth).
    let spread = (address as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> (u64::BITS - PLACE_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many addresses that some are at one place.
    const ADDRESSES: usize = 2 * PLACES + 1;

    fn address(number: usize) -> usize {
        16 * number
    }

    /// The counts are those of the model; what the model has may be there, and nothing may be where it has none.
    fn assert_is_of(filter: &Filter, model: &[u8; PLACES]) {
        for number in 0..ADDRESSES {
            let address = address(number);
            assert_eq!(filter.may_have(address), model[place(address)] != 0, "{address:#x}");
        }
        let counts = filter.counts.iter().map(|count| count.load(Ordering::Relaxed));
        assert!(counts.eq(model.iter().copied()));
    }

    #[test]
    fn it_has_what_was_added_and_not_removed() {
        let mut random = fastrand::Rng::with_seed(5);
        let (filter, mut model, mut there) = (Filter::new(), [0_u8; PLACES], Vec::new());
        assert_is_of(&filter, &model);
        let steps = if cfg!(miri) { 500 } else { 20_000 };
        for _ in 0..steps {
            // Grows, as more are added than removed.
            if random.u8(..5) < 3 || there.is_empty() {
                let address = address(random.usize(..ADDRESSES));
                filter.add(address);
                model[place(address)] += 1;
                there.push(address);
            } else {
                let address = there.swap_remove(random.usize(..there.len()));
                filter.remove(address);
                model[place(address)] -= 1;
            }
        }
        assert_is_of(&filter, &model);
        filter.renew(there.iter().copied());
        assert_is_of(&filter, &model);
        there.into_iter().for_each(|address| filter.remove(address));
        assert_is_of(&filter, &[0; PLACES]);
    }

    #[test]
    fn after_too_many_at_one_place_it_may_have_one_until_they_are_counted_anew() {
        let filter = Filter::new();
        (0..300).for_each(|_| filter.add(address(1)));
        (0..300).for_each(|_| filter.remove(address(1)));
        assert!(filter.may_have(address(1)));
        filter.renew([address(2)].into_iter());
        assert!(!filter.may_have(address(1)) && filter.may_have(address(2)));
        filter.clear();
        assert_is_of(&filter, &[0; PLACES]);
    }

    /// Places where blocks are that are added and removed all the time, in words that have others' bits.
    #[test]
    fn what_stays_is_there_all_the_time() {
        static FILTER: Filter = Filter::new();
        let (stays, comes): (Vec<usize>, Vec<usize>) =
            if cfg!(miri) { (vec![1], (2..40).collect()) } else { ((1..400).collect(), (400..4000).collect()) };
        stays.iter().for_each(|&number| FILTER.add(address(number)));
        let rounds = if cfg!(miri) { 1 } else { 40 };
        std::thread::scope(|scope| {
            let changes = scope.spawn(|| {
                for _ in 0..rounds {
                    comes.iter().for_each(|&number| FILTER.add(address(number)));
                    FILTER.renew(stays.iter().chain(&comes).map(|&number| address(number)));
                    comes.iter().for_each(|&number| FILTER.remove(address(number)));
                    FILTER.renew(stays.iter().map(|&number| address(number)));
                }
            });
            while !changes.is_finished() {
                assert!(stays.iter().all(|&number| FILTER.may_have(address(number))));
            }
        });
        assert!(comes.iter().any(|&number| !FILTER.may_have(address(number))));
    }
}
