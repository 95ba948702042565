//! How large a number is, roughly: its two highest bits, and how far up they are.
//!
//! ```text
//!   units       2   3   4 5   6 7   8…11   12…15   16…23   …
//!   magnitude   0   1   2     3     4      5       6       two a doubling
//! ```

/// Whether the target counts leading zeros by an instruction. Without one, the compiler has some forty others for it. RISC-V has it
/// in the extension Zbb; of the Arm cores, those have none that have no atomic exchange either.
const COUNTS_ZEROS: bool = cfg!(target_feature = "zbb")
    || !cfg!(any(
        target_arch = "riscv32",
        target_arch = "riscv64",
        all(target_arch = "arm", not(target_has_atomic = "ptr"))
    ));

/// The magnitude of a number which has two units or more, for the log2 of a unit.
#[inline(always)]
pub(super) const fn magnitude(number: usize, unit_log2: u32) -> usize {
    if COUNTS_ZEROS { by_zeros(number, unit_log2) } else { by_table(number, unit_log2) }
}

/// The number whose magnitude this is, and of which the lower bits are zero.
pub(super) const fn of_magnitude(magnitude: usize, unit_log2: u32) -> usize {
    (2 + magnitude % 2) << (magnitude / 2) << unit_log2
}

#[inline(always)]
const fn by_zeros(number: usize, unit_log2: u32) -> usize {
    let zeros = number.leading_zeros();
    let two_highest = number << zeros >> (usize::BITS - 2);
    let doublings = usize::BITS - 2 - zeros - unit_log2;
    2 * doublings as usize + two_highest - 2
}

/// Shifts until a table tells the rest: once or twice, if a number is not very many times the unit.
#[inline(always)]
const fn by_table(number: usize, unit_log2: u32) -> usize {
    let mut units = number >> unit_log2;
    let mut doublings = 0;
    while units >= TABLE.len() {
        units >>= TABLE_LOG2 - 1;
        doublings += TABLE_LOG2 - 1;
    }
    2 * doublings + TABLE[units] as usize
}

const TABLE_LOG2: usize = 5;

/// The magnitude of so many units.
static TABLE: [u8; 1 << TABLE_LOG2] = {
    let mut table = [0; 1 << TABLE_LOG2];
    table[3] = 1;
    let mut units = 4;
    while units < table.len() {
        table[units] = table[units / 2] + 2;
        units += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::{by_table, by_zeros, of_magnitude};

    #[test]
    fn both_ways_find_the_two_highest_bits() {
        let numbers = (2..if cfg!(miri) { 100 } else { 5000 }).chain((13..usize::BITS).flat_map(|log2| {
            let power = 1 << log2;
            [power - 1, power, power + 1, power + power / 2 - 1, power + power / 2, power + (power - 1)]
        }));
        for number in numbers {
            for unit_log2 in [0, 3, 9] {
                let units = number >> unit_log2;
                if units < 2 {
                    continue;
                }
                let found = by_zeros(number, unit_log2);
                assert_eq!(found, by_table(number, unit_log2), "{number}");
                let rest = units.ilog2() - 1;
                assert_eq!(of_magnitude(found, unit_log2), units >> rest << rest << unit_log2, "{number}");
            }
        }
    }
}
