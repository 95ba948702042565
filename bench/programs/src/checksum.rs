//! Checksums of what programs wrote.

use crate::outcome::mix;

/// A checksum of the text: any other text is all but sure to have another.
pub(crate) fn of(text: &str) -> u64 {
    let words = text.as_bytes().chunks(8).map(|chunk| chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    words.fold(text.len() as u64, mix)
}

/// A checksum of what `work` makes of every round.
pub(crate) fn of_rounds(rounds: usize, work: impl Fn(usize) -> u64) -> u64 {
    (0..rounds).map(work).fold(0, mix)
}
