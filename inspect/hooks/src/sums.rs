//! Checksums of many ranges that lie over one another, for little more than that of the whole.
//!
//! ```text
//!   bytes:         │····│····│····│····│····│····│
//!   kept sums:     0    1    2    3    4    5    6      each of all bytes up to there
//!   a range:          ▐██████████████████▌              sum up to its end, less the sum up to its beginning
//! ```
//!
//! Sums are polynomials over GF(2): «less» is an exclusive or, after the sum at the beginning was moved on by the range's
//! length, as zlib's `crc32_combine` does.

use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// No range may be longer.
pub(crate) const MAX_RANGE: usize = 64 * 1024;

/// Bytes between two sums that are kept.
const STEP: usize = 256;

/// As many sums are kept: those of the longest range.
const KEPT: usize = MAX_RANGE / STEP + 2;

/// Who reads has room for the large table, which is several times as fast. Who only writes does not link it.
static CHECKSUM: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// Sums of bytes, for ranges whose beginnings come in order.
///
/// # Invariants
///
/// For each `n` of the last [`KEPT`] below `known`, `kept[n % KEPT]` is the sum of the `n * STEP` bytes from `origin`.
#[derive(Clone, Debug)]
pub(crate) struct Sums<'a> {
    bytes: &'a [u8],
    origin: usize,
    known: usize,
    kept: [u32; KEPT],
}

impl<'a> Sums<'a> {
    /// Nothing is summed yet.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, origin: 0, known: 0, kept: [0; KEPT] }
    }

    /// The sum of some bytes with these, whose own sum is `before`, before them. Takes time for [`STEP`] bytes, and for what no
    /// range has reached up to now.
    pub(crate) fn after(&mut self, before: u32, start: usize, len: usize) -> u32 {
        if start >= self.origin + self.known * STEP {
            // What is in between is in no range.
            (self.origin, self.known, self.kept[0]) = (start, 1, 0);
        }
        let up_to_start = self.up_to(start);
        let up_to_end = self.up_to(start + len);
        moved_on(before ^ up_to_start, len) ^ up_to_end
    }

    /// The sum of what is from the origin up to here.
    fn up_to(&mut self, place: usize) -> u32 {
        let step = (place - self.origin) / STEP;
        while self.known <= step {
            let last = self.known - 1;
            let begin = self.origin + last * STEP;
            self.kept[self.known % KEPT] = continued(self.kept[last % KEPT], &self.bytes[begin..begin + STEP]);
            self.known += 1;
        }
        continued(self.kept[step % KEPT], &self.bytes[self.origin + step * STEP..place])
    }
}

/// The sum of bytes that come after others, whose sum is `before`; that of nothing is zero.
pub(crate) fn continued(before: u32, bytes: &[u8]) -> u32 {
    let mut digest = CHECKSUM.digest_with_initial((!before).reverse_bits());
    digest.update(bytes);
    digest.finalize()
}

/// What a sum contributes to that of a text in which as many bytes come after it.
fn moved_on(sum: u32, bytes: usize) -> u32 {
    let powers = POWERS.iter().enumerate().filter(|(bit, _)| bytes >> bit & 1 == 1);
    powers.fold(sum, |sum, (_, &power)| product(sum, power))
}

/// `x` to the power of 8, 16, 32 …: what moves a sum on by 1, 2, 4 … bytes.
const POWERS: [u32; MAX_RANGE.ilog2() as usize + 1] = {
    // The highest bit is that of `x` to the power of zero.
    let mut powers = [1 << 23; MAX_RANGE.ilog2() as usize + 1];
    let mut bit = 1;
    while bit < powers.len() {
        powers[bit] = product(powers[bit - 1], powers[bit - 1]);
        bit += 1;
    }
    powers
};

/// The product of two polynomials, modulo that of the checksum.
const fn product(a: u32, mut b: u32) -> u32 {
    const POLYNOMIAL: u32 = CRC_32_ISO_HDLC.poly.reverse_bits();
    let mut product = 0;
    let mut bit = 1 << 31;
    while bit != 0 {
        if a & bit != 0 {
            product ^= b;
        }
        b = (b >> 1) ^ if b & 1 == 1 { POLYNOMIAL } else { 0 };
        bit >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_has_the_sum_of_its_bytes() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut bytes = [0; 3 * MAX_RANGE];
        random.fill(&mut bytes);
        let mut sums = Sums::new(&bytes);
        let mut start = 0;
        while start < bytes.len() {
            let most = MAX_RANGE.min(bytes.len() - start);
            let len = if random.bool() { random.usize(..=most) } else { most.min(random.usize(..700)) };
            let before = continued(0, b"header");
            let expected = continued(before, &bytes[start..start + len]);
            assert_eq!(sums.after(before, start, len), expected, "{len} bytes from {start}");
            start += if random.u8(..20) == 0 { random.usize(..40_000) } else { random.usize(..800) };
            if cfg!(miri) {
                start += 20_000;
            }
        }
    }
}
