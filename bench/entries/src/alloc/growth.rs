//! Vectors that grow: two small ones in turns, a large one of which only the growth is seen, and one that is pushed to as
//! programs do. Whether `realloc` must copy is what an allocator decides here.

use core::hint::black_box;

use crate::outcome::{Outcome, timed};

/// Bytes that a vector begins with.
const FIRST: usize = 16;
/// How often a small vector doubles: to 4 KiB.
const SMALL: usize = 8;
/// How often a large vector doubles: to 16 MiB.
const LARGE: usize = 20;
/// Elements of eight bytes in 16 MiB.
const ELEMENTS: usize = 2 << 20;

/// Two vectors of 16 bytes double in turns, and what is in them too, until both have 4 KiB; then two others. So what one
/// left is there for the other, or for itself the next time. One operation is a vector's first block or a doubling.
pub(crate) fn two_small(growths: usize) -> Outcome {
    const A_PAIR: usize = 2 * (1 + SMALL);
    let pairs = growths.div_ceil(A_PAIR);
    timed(pairs * A_PAIR, || {
        let mut sum = 0;
        for pair in 0..pairs {
            let mark = pair.to_le_bytes()[0];
            let mut vectors = [black_box(vec![mark; FIRST]), black_box(vec![!mark; FIRST])];
            for _ in 0..SMALL {
                for vector in &mut vectors {
                    vector.extend_from_within(..);
                    black_box(vector);
                }
            }
            sum += vectors.iter().map(|vector| u64::from(vector[vector.len() - 1])).sum::<u64>();
        }
        sum
    })
}

/// The room of a vector of 16 bytes doubles until it is 16 MiB; then that of another. Nothing more is written to it, so
/// that it is the growth alone that is seen. One operation is a vector's first block or a doubling.
pub(crate) fn one_large(growths: usize) -> Outcome {
    const A_VECTOR: usize = 1 + LARGE;
    let vectors = growths.div_ceil(A_VECTOR);
    timed(vectors * A_VECTOR, || {
        let mut sum = 0;
        for number in 0..vectors {
            let mut vector = black_box(vec![number.to_le_bytes()[0]; FIRST]);
            for _ in 0..LARGE {
                let room = 2 * vector.capacity();
                vector.reserve_exact(room - FIRST);
                black_box(&mut vector);
            }
            sum += u64::from(vector[FIRST - 1]);
        }
        sum
    })
}

/// Elements of eight bytes are pushed to a vector until it has 16 MiB; then to another. One operation is a push.
pub(crate) fn pushes(pushes: usize) -> Outcome {
    let length = ELEMENTS.min(pushes);
    let vectors = pushes.div_ceil(length);
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
