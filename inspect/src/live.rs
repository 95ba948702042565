//! The recorded blocks that are in use: a hash table by address.

use crate::gate::{self, EVERY};
use crate::memory::{Array, NoMemory, Plain};
use crate::weight::weight;

/// A recorded block in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    /// Where it begins; never zero.
    pub(crate) address: usize,
    /// What was asked for, in bytes.
    pub(crate) size: usize,
    /// The number of the stack of who asked.
    pub(crate) stack: u32,
    /// The number of the scope in which that was.
    pub(crate) tag: u32,
    /// The number of the thread.
    pub(crate) thread: u32,
    /// The recording that it is of: [`LiveTable::recording`] when it was asked for, and [`EARLIER`] when that is over.
    pub(crate) recording: u16,
    /// Whether it was asked for with [`gate::SAMPLE_ALIGN`], unlike the program's own Layout.
    pub(crate) is_over_aligned: bool,
    /// The interval by which it was sampled: the recording's, doubled so often.
    pub(crate) doublings: u8,
}

impl Live {
    /// The interval by which it was sampled, in a recording with this one.
    pub(crate) const fn interval(&self, chosen: u64) -> u64 {
        chosen << self.doublings
    }
}

// SAFETY: all zero is an entry, which says that there is none.
unsafe impl Plain for Live {}

/// The recording of a block that has outlived its own: it is known for its Layout alone.
const EARLIER: u16 = 0;

/// The bytes in use, of which the recorded blocks are all, or a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traced {
    /// Now.
    pub(crate) current: usize,
    /// At their highest.
    pub(crate) peak: usize,
}

/// The table.
///
/// # Invariants
///
/// The number of `entries` is zero or a power of two, and at least a quarter of them is empty: those whose address is zero. An entry is
/// at its [home](Self::home), or there is no empty one from there to where it is. `traced.current` is the sum of what those
/// [stand for](Self::stands_for) that are of this `recording`.
pub(crate) struct LiveTable {
    entries: Array<Live>,
    len: usize,
    over_aligned: usize,
    /// Never [`EARLIER`].
    recording: u16,
    /// The recording's interval.
    interval: u64,
    traced: Traced,
}

impl LiveTable {
    pub(crate) const fn new() -> Self {
        let traced = Traced { current: 0, peak: 0 };
        Self { entries: Array::new(), len: 0, over_aligned: 0, recording: EARLIER + 1, interval: EVERY, traced }
    }

    /// A recording begins, with this interval: there are no blocks of it yet.
    pub(crate) const fn begin_recording(&mut self, interval: u64) {
        self.interval = interval;
    }

    /// Whether there are blocks that are aligned for our sake.
    pub(crate) const fn has_over_aligned(&self) -> bool {
        self.over_aligned > 0
    }

    /// The number of this recording, or of the next one if there is none now.
    pub(crate) const fn recording(&self) -> u16 {
        self.recording
    }

    /// Whether a block is of this recording.
    pub(crate) const fn is_of_recording(&self, live: &Live) -> bool {
        live.recording == self.recording
    }

    /// How much there is of this recording.
    pub(crate) const fn traced(&self) -> Traced {
        self.traced
    }

    /// Has the highest be what it is now.
    pub(crate) const fn reset_peak(&mut self) {
        self.traced.peak = self.traced.current;
    }

    /// The bytes that a block of this recording stands for.
    fn stands_for(&self, live: &Live) -> usize {
        if self.interval == EVERY {
            return live.size;
        }
        let bytes = live.size as f64 * weight(live.size as u64, live.interval(self.interval));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
        let whole = bytes.round() as usize;
        whole
    }

    /// All blocks of this recording.
    pub(crate) fn of_recording(&self) -> impl Iterator<Item = &Live> {
        self.iter().filter(|live| self.is_of_recording(live))
    }

    /// All entries.
    fn iter(&self) -> impl Iterator<Item = &Live> {
        self.entries.iter().filter(|entry| entry.address != 0)
    }

    /// Adds a block; one that was there before at this address is forgotten.
    pub(crate) fn insert(&mut self, live: Live) -> Result<(), NoMemory> {
        if (self.len + 1) * 4 > self.entries.len() * 3 {
            self.grow()?;
        }
        self.remove(live.address);
        let place = self.find(live.address).unwrap_or_else(|empty| empty);
        // INVARIANT: the first place that is empty from its home on.
        self.entries[place] = live;
        self.len += 1;
        self.over_aligned += usize::from(live.is_over_aligned);
        if self.is_of_recording(&live) {
            self.traced.current = self.traced.current.saturating_add(self.stands_for(&live));
            self.traced.peak = self.traced.peak.max(self.traced.current);
        }
        gate::LIVE.add(live.address);
        Ok(())
    }

    /// The block at this address.
    pub(crate) fn get(&self, address: usize) -> Option<Live> {
        if self.len == 0 {
            return None;
        }
        Some(self.entries[self.find(address).ok()?])
    }

    /// Takes out the block at this address.
    pub(crate) fn remove(&mut self, address: usize) -> Option<Live> {
        if self.len == 0 {
            return None;
        }
        let place = self.find(address).ok()?;
        let live = self.entries[place];
        self.close_gap(place);
        self.len -= 1;
        self.over_aligned -= usize::from(live.is_over_aligned);
        if self.is_of_recording(&live) {
            self.traced.current = self.traced.current.saturating_sub(self.stands_for(&live));
        }
        gate::LIVE.remove(address);
        Some(live)
    }

    /// The recording is over: all its blocks are forgotten but those that are aligned for our sake, which are no recording's
    /// from now on.
    pub(crate) fn end_recording(&mut self) {
        if self.over_aligned == 0 {
            // At once: a forked child, which has a copy of them all, would have to touch each.
            (self.entries, self.len) = (Array::new(), 0);
            gate::LIVE.clear();
        }
        let mut place = 0;
        while place < self.entries.len() {
            let Live { address, is_over_aligned, .. } = self.entries[place];
            if address == 0 || is_over_aligned {
                self.entries[place].recording = EARLIER;
                place += 1;
            } else {
                // Another may have come to this place.
                self.remove(address);
            }
        }
        // INVARIANT: no entry is of the new recording, and nothing is traced. A block that is just being resized is not here; if it
        // is put back, it has an old number.
        self.recording = self.recording.checked_add(1).unwrap_or(EARLIER + 1);
        self.traced = Traced::default();
    }

    /// Has the filter for addresses count what there is, exactly.
    pub(crate) fn renew_filter(&self) {
        gate::LIVE.renew(self.iter().map(|live| live.address));
    }

    /// The place of an address, or the empty one where it would be. There are entries.
    fn find(&self, address: usize) -> Result<usize, usize> {
        let mut place = self.home(address);
        loop {
            match self.entries[place].address {
                0 => return Err(place),
                found if found == address => return Ok(place),
                _ => place = self.next(place),
            }
        }
    }

    /// Empties a place, and moves up those that are not at home for its sake.
    fn close_gap(&mut self, mut gap: usize) {
        let mut place = gap;
        loop {
            place = self.next(place);
            let live = self.entries[place];
            if live.address == 0 {
                break;
            }
            let distance = |from: usize| place.wrapping_sub(from) & (self.entries.len() - 1);
            if distance(self.home(live.address)) >= distance(gap) {
                // INVARIANT: the gap is between its home and where it was.
                self.entries[gap] = live;
                gap = place;
            }
        }
        self.entries[gap].address = 0;
    }

    fn home(&self, address: usize) -> usize {
        let spread = (address as u64 >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        (spread as usize) & (self.entries.len() - 1)
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.entries.len() - 1)
    }

    fn grow(&mut self) -> Result<(), NoMemory> {
        const LEAST: usize = 1024;
        let len = (self.entries.len() * 2).max(LEAST);
        let smaller = core::mem::replace(&mut self.entries, Array::zeroed(len)?);
        for live in smaller.iter().filter(|live| live.address != 0) {
            let place = self.find(live.address).unwrap_or_else(|empty| empty);
            self.entries[place] = *live;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn live(address: usize, size: usize) -> Live {
        Live {
            address,
            size,
            stack: 1,
            tag: 2,
            thread: 3,
            recording: EARLIER + 1,
            is_over_aligned: size % 2 == 1,
            doublings: 0,
        }
    }

    #[test]
    fn agrees_with_a_map_of_std() {
        let mut random = fastrand::Rng::with_seed(9);
        let (mut table, mut model) = (LiveTable::new(), HashMap::new());
        let (steps, places) = if cfg!(miri) { (3000, 700) } else { (200_000, 5000) };
        for step in 0..steps {
            let address = 16 * random.usize(1..places);
            match random.u8(0..8) {
                0..4 => {
                    table.insert(live(address, step)).expect("there is memory");
                    model.insert(address, live(address, step));
                }
                4..7 => assert_eq!(table.remove(address), model.remove(&address)),
                _ => assert_eq!(table.get(address), model.get(&address).copied()),
            }
            assert_eq!(table.has_over_aligned(), table.over_aligned > 0);
        }
        assert_eq!(table.traced().current, model.values().map(|live: &Live| live.size).sum());
        let mut left: Vec<Live> = table.iter().copied().collect();
        let mut expected: Vec<Live> = model.into_values().collect();
        left.sort_by_key(|live| live.address);
        expected.sort_by_key(|live| live.address);
        assert_eq!(left, expected);
        table.end_recording();
        assert_eq!(table.len, expected.iter().filter(|live| live.is_over_aligned).count());
        assert_eq!(table.over_aligned, table.len);
        assert_eq!((table.traced(), table.of_recording().count()), (Traced::default(), 0));
        let kept: Vec<usize> = table.iter().map(|live| live.address).collect();
        assert!(kept.iter().all(|&address| table.remove(address).is_some_and(|live| live.is_over_aligned)));
        assert_eq!((table.len, table.traced()), (0, Traced::default()));
    }
}
