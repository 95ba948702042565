//! How large a number is, roughly: its two highest bits, and how far up they are.

/// A number, rounded down: `steps << unit_log2 << doublings`, with a unit of which there are at least two in it.
///
/// # Invariants
///
/// `steps` is two or three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Magnitude {
    pub(super) doublings: usize,
    pub(super) steps: usize,
}

/// Whether the target counts leading zeros by an instruction. Without one, the compiler has some forty others for it. RISC-V has it
/// in the extension Zbb; of the Arm cores, those have none that have no atomic exchange either.
const COUNTS_ZEROS: bool = cfg!(target_feature = "zbb")
    || !cfg!(any(
        target_arch = "riscv32",
        target_arch = "riscv64",
        all(target_arch = "arm", not(target_has_atomic = "ptr"))
    ));

impl Magnitude {
    /// That of a number which has two units or more.
    #[inline(always)]
    pub(super) const fn above(number: usize, unit_log2: u32) -> Self {
        if COUNTS_ZEROS { Self::by_zeros(number, unit_log2) } else { Self::by_shifts(number, unit_log2) }
    }

    #[inline(always)]
    const fn by_zeros(number: usize, unit_log2: u32) -> Self {
        let zeros = number.leading_zeros();
        let doublings = usize::BITS - 2 - zeros - unit_log2;
        // INVARIANT: the highest bit comes first, and then second.
        Self { doublings: doublings as usize, steps: number << zeros >> (usize::BITS - 2) }
    }

    /// Shifts by four bits, then by one: these are few steps for a number that is not many times the unit.
    #[inline(always)]
    const fn by_shifts(number: usize, unit_log2: u32) -> Self {
        let mut found = Self { doublings: 0, steps: number >> unit_log2 };
        while found.steps >= 4 << 3 {
            found = found.halved(4);
        }
        while found.steps >= 4 {
            found = found.halved(1);
        }
        // INVARIANT: there were at least two, and what is shifted leaves as many.
        found
    }

    #[inline(always)]
    const fn halved(self, times: usize) -> Self {
        Self { doublings: self.doublings + times, steps: self.steps >> times }
    }
}

#[cfg(test)]
mod tests {
    use super::Magnitude;

    #[test]
    fn both_ways_find_the_two_highest_bits() {
        let numbers = (2..5000).chain((13..usize::BITS).flat_map(|log2| {
            let power = 1 << log2;
            [power - 1, power, power + 1, power + power / 2 - 1, power + power / 2, power + (power - 1)]
        }));
        for number in numbers {
            for unit_log2 in [0, 3, 9] {
                if number >> unit_log2 < 2 {
                    continue;
                }
                let found = Magnitude::by_zeros(number, unit_log2);
                assert_eq!(found, Magnitude::by_shifts(number, unit_log2), "{number}");
                assert!(matches!(found.steps, 2 | 3), "{number}");
                assert_eq!(number >> unit_log2 >> found.doublings, found.steps);
            }
        }
    }
}
