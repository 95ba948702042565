//! The critical section: interrupts are off, and the other processor, if there is one, waits.

use crate::board;

struct Exclusive;

critical_section::set_impl!(Exclusive);

/// What to restore: were interrupts on?
const WERE_ON: u8 = 1;
/// What to restore: was this processor in a critical section already?
const NESTED: u8 = 2;

// SAFETY: on one processor nobody else runs while interrupts are off, and `among_processors` keeps out the other one.
unsafe impl critical_section::Impl for Exclusive {
    unsafe fn acquire() -> u8 {
        let were_on = if board::interrupts_off() { WERE_ON } else { 0 };
        were_on | if among_processors::enter() { 0 } else { NESTED }
    }

    unsafe fn release(restore: u8) {
        if restore & NESTED == 0 {
            among_processors::leave();
        }
        if restore & WERE_ON != 0 {
            // SAFETY: they were on when the critical section began.
            unsafe { board::interrupts_on() };
        }
    }
}

/// A spinlock that knows its holder.
#[cfg(several_processors)]
mod among_processors {
    use core::sync::atomic::{AtomicU32, Ordering};

    use crate::board;

    const NOBODY: u32 = u32::MAX;
    static HOLDER: AtomicU32 = AtomicU32::new(NOBODY);

    /// False when this processor is in already.
    pub(super) fn enter() -> bool {
        let this = board::this_processor();
        if HOLDER.load(Ordering::Relaxed) == this {
            return false;
        }
        // Acquire: what the last holder wrote before the Release in `leave` is seen.
        while HOLDER.compare_exchange_weak(NOBODY, this, Ordering::Acquire, Ordering::Relaxed).is_err() {
            core::hint::spin_loop();
        }
        true
    }

    pub(super) fn leave() {
        HOLDER.store(NOBODY, Ordering::Release);
    }
}

/// There is only one.
#[cfg(not(several_processors))]
mod among_processors {
    pub(super) const fn enter() -> bool {
        true
    }

    pub(super) const fn leave() {}
}
