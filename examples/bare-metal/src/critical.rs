//! The critical section of a machine with one core: interrupts are off.

use crate::board;

struct InterruptsOff;

critical_section::set_impl!(InterruptsOff);

// SAFETY: on one core nobody else runs while interrupts are off.
unsafe impl critical_section::Impl for InterruptsOff {
    unsafe fn acquire() -> bool {
        board::interrupts_off()
    }

    unsafe fn release(were_on: bool) {
        if were_on {
            // SAFETY: they were on when the critical section began.
            unsafe { board::interrupts_on() };
        }
    }
}
