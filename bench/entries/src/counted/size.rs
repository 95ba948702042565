//! What an object costs in memory: many objects are made and held, and the memory the process has gained is shared out
//! among them. Header, padding and what malloc adds are all in it. Malloc rounds to 16 bytes, and would hide half of a
//! header or blow it up; so half of the objects are of 24 bytes and half of 32, and the figure is the mean over both,
//! of which 28 are the values. One operation is an object made.

use core::hint::black_box;

use crate::counted::entry::Pointer;
use crate::memory;
use crate::outcome::{Outcome, timed};

/// Makes `objects` objects.
pub(crate) fn run(objects: usize) -> Outcome {
    let each = objects.div_ceil(2);
    let mut smaller = slots::<[u64; 3]>(each);
    let mut larger = slots::<[u64; 4]>(each);
    let before = memory::resident();
    let outcome = timed(each * 2, || {
        for number in 0..each {
            smaller[number] = Some(Pointer::new([number as u64; 3]));
            larger[number] = Some(Pointer::new([number as u64; 4]));
        }
        smaller.iter().flatten().map(|object| object[2]).chain(larger.iter().flatten().map(|object| object[3])).sum()
    });
    let gained = memory::resident().saturating_sub(before);
    outcome.with("bytes an object", gained as f64 / (each * 2) as f64)
}

/// Room for handles. It is touched now, so that only the objects' memory is new later.
fn slots<T>(count: usize) -> Vec<Option<Pointer<T>>> {
    let mut slots: Vec<Option<Pointer<T>>> = Vec::with_capacity(count);
    for _ in 0..count {
        slots.push(black_box(None));
    }
    slots
}
