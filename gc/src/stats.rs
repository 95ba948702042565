//! What a collector has done and holds.

use core::cell::Cell;
use core::fmt;

use crate::generation::Generation;

/// Figures of one generation, summed over all its collections: an element of CPython's `gc.get_stats()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenerationStats {
    /// How often it was collected.
    pub collections: usize,
    /// Objects that those collections found to be garbage and destroyed.
    pub collected: usize,
    /// Garbage that could not be destroyed. Always zero: a finalizer never stands in the way.
    pub uncollectable: usize,
}

/// What a collector has done and holds: [`Collector::stats`](crate::Collector::stats).
///
/// [`Display`](fmt::Display) prints it as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// By generation, youngest first.
    pub generations: [GenerationStats; Generation::COUNT],
    /// Objects that exist now, untracked ones included.
    pub objects: usize,
    /// Bytes that they take, headers included; not what their values own elsewhere.
    pub bytes: usize,
    /// The most bytes that objects took at the start of any collection, or when anybody asked.
    pub peak_bytes: usize,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:>12} {:>12}", "generation", "collections", "collected")?;
        for generation in Generation::ALL {
            let stats = self.generations[generation.index()];
            writeln!(f, "{generation:<10} {:>12} {:>12}", stats.collections, stats.collected)?;
        }
        write!(f, "{} objects live, {} bytes, peak {} bytes", self.objects, self.bytes, self.peak_bytes)
    }
}

/// The figures by generation.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    generations: Cell<[GenerationStats; Generation::COUNT]>,
}

impl Counters {
    pub(crate) fn count_collection(&self, generation: Generation, collected: usize) {
        let mut generations = self.generations.get();
        generations[generation.index()].collections += 1;
        generations[generation.index()].collected += collected;
        self.generations.set(generations);
    }

    pub(crate) fn generations(&self) -> [GenerationStats; Generation::COUNT] {
        self.generations.get()
    }
}
