//! What a collector has of each type, as the log is told of it.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;

use mudlark_gc::{Census, Generation, TypeCensus};
use mudlark_hooks::{Event, NameOf};

/// What there is of each type, by name: those of which the log may have been told, too, when there are none left.
#[derive(Debug, Default)]
pub(super) struct Told {
    types: BTreeMap<&'static str, Type>,
}

/// The log's generations: those of a collector, and the frozen objects.
const PLACES: usize = Generation::COUNT + 1;

/// The objects of one type.
#[derive(Debug)]
struct Type {
    /// What the log calls it.
    number: u32,
    places: [Objects; PLACES],
}

/// Objects of one type in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Objects {
    count: usize,
    bytes: usize,
}

impl Told {
    /// What there is now.
    pub(super) fn count(&mut self, census: &Census) {
        self.types.values_mut().for_each(|known| known.places = Default::default());
        for row in census.types() {
            // Types of one name are one to who reads it.
            self.types.entry(row.name).or_insert_with(Type::new).add(row);
        }
    }

    /// Writes it, with the types' names: the log may be another one than before.
    pub(super) fn write(&self, collector: u32, write: &mut dyn FnMut(&Event<'_>)) {
        for (name, &Type { number, places }) in &self.types {
            write(&Event::Name { of: NameOf::Type, id: number, text: name });
            for (generation, objects) in (0..).zip(places) {
                let (count, bytes) = (objects.count as u64, objects.bytes as u64);
                write(&Event::Census { collector, type_id: number, generation, count, bytes });
            }
        }
    }
}

impl Type {
    fn new() -> Self {
        static TYPES: AtomicU32 = AtomicU32::new(0);
        Self { number: TYPES.fetch_add(1, Ordering::Relaxed) + 1, places: Default::default() }
    }

    fn add(&mut self, row: &TypeCensus) {
        let [young, middle, old] = row.generations;
        let counts = [young, middle, old + row.untracked(), row.frozen];
        let (mut count_left, mut bytes_left) = (row.objects, row.bytes);
        for (objects, count) in self.places.iter_mut().zip(counts).filter(|&(_, count)| count > 0) {
            // Each its part of what is left, so that the sum is right also where sizes differ.
            let bytes = part(bytes_left, count, count_left);
            objects.count += count;
            objects.bytes += bytes;
            (count_left, bytes_left) = (count_left - count, bytes_left - bytes);
        }
    }
}

/// `amount · count / all`, rounded down.
fn part(amount: usize, count: usize, all: usize) -> usize {
    let product = amount as u128 * count as u128;
    usize::try_from(product / all.max(1) as u128).unwrap_or(amount)
}
