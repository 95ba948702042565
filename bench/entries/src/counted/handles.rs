//! The two things that are done most: another handle and away with it; a new object and away with it.

use core::hint::black_box;

use crate::counted::entry::Pointer;
use crate::outcome::{Outcome, timed};

/// `handles` times: clones a handle and drops the clone. One operation is both.
pub(crate) fn clone_and_drop(handles: usize) -> Outcome {
    let pointer = black_box(Pointer::new(1_u64));
    timed(handles, || {
        let mut sum = 0;
        for _ in 0..handles {
            let clone = black_box(Pointer::clone(&pointer));
            sum += *clone;
        }
        sum
    })
}

/// `objects` times: makes an object of 16 bytes and drops its only handle. One operation is both.
pub(crate) fn make_and_drop(objects: usize) -> Outcome {
    timed(objects, || {
        let mut sum = 0_u64;
        for number in 0..objects as u64 {
            let pointer = black_box(Pointer::new([number, 1]));
            sum = sum.wrapping_add(pointer[0]);
        }
        sum
    })
}
