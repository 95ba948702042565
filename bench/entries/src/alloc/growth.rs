//! Vectors that grow by pushing, the small ones many and the large one alone. Nearly everything is `realloc`: whether it
//! must copy is what an allocator decides here. One operation is a push.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};

/// Elements of a small vector: it grows five times.
const SMALL: usize = 64;
/// Elements of a large vector: 32 MiB in the end.
const LARGE: usize = 4 << 20;

/// Grows small vectors, one after the other, until `pushes` elements were pushed.
pub(crate) fn small(pushes: usize) -> Outcome {
    grow(SMALL, pushes.div_ceil(SMALL))
}

/// Grows vectors of up to 32 MiB, one after the other, until `pushes` elements were pushed.
pub(crate) fn large(pushes: usize) -> Outcome {
    let length = LARGE.min(pushes);
    grow(length, pushes.div_ceil(length))
}

fn grow(length: usize, vectors: usize) -> Outcome {
    timed(length * vectors, || {
        let mut sum = 0_u64;
        for _ in 0..vectors {
            let mut vector = Vec::new();
            for element in 0..length as u64 {
                vector.push(black_box(element));
            }
            sum += black_box(vector)[length / 2];
        }
        sum
    })
}
