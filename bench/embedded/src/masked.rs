//! For how long interrupts are masked. With the feature `masked`, the critical section tells when it begins and ends.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

#[cfg(feature = "critical-section")]
pub(crate) use watch::{begin, end};

static LONGEST: AtomicU32 = AtomicU32::new(0);

/// The longest time since this was called before, in instructions, with those of measuring.
pub(crate) fn longest() -> u32 {
    let longest = LONGEST.load(Relaxed);
    LONGEST.store(0, Relaxed);
    longest
}

#[cfg(feature = "critical-section")]
mod watch {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::LONGEST;
    use crate::board;

    static START: AtomicU32 = AtomicU32::new(0);

    /// Interrupts are off.
    #[inline(always)]
    pub(crate) fn begin() {
        if cfg!(feature = "masked") {
            START.store(board::now(), Relaxed);
        }
    }

    /// They are about to be on.
    #[inline(always)]
    pub(crate) fn end() {
        if cfg!(feature = "masked") {
            let length = board::between(START.load(Relaxed), board::now());
            LONGEST.store(LONGEST.load(Relaxed).max(length), Relaxed);
        }
    }
}
