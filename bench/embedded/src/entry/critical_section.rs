//! A critical section on one core: interrupts are off. With the feature `masked`, for how long is measured.

use core::arch::asm;

use crate::masked;

struct InterruptsOff;

critical_section::set_impl!(InterruptsOff);

// SAFETY: on one core nobody else runs while interrupts are off.
unsafe impl critical_section::Impl for InterruptsOff {
    unsafe fn acquire() -> bool {
        let were_on = interrupts_off();
        masked::begin();
        were_on
    }

    unsafe fn release(were_on: bool) {
        if were_on {
            masked::end();
            // SAFETY: they were on before.
            unsafe { interrupts_on() };
        }
    }
}

/// Says whether they were on.
#[cfg(target_arch = "arm")]
#[inline(always)]
fn interrupts_off() -> bool {
    let mask: u32;
    // SAFETY: reads whether interrupts are off, and turns them off.
    unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) mask) };
    mask & 1 == 0
}

/// # Safety
///
/// They were on before.
#[cfg(target_arch = "arm")]
#[inline(always)]
unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("cpsie i") };
}

/// Says whether they were on.
#[cfg(target_arch = "riscv32")]
#[inline(always)]
fn interrupts_off() -> bool {
    let status: u32;
    // SAFETY: reads whether interrupts are on, and turns them off.
    unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status) };
    status & 8 != 0
}

/// # Safety
///
/// They were on before.
#[cfg(target_arch = "riscv32")]
#[inline(always)]
unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("csrsi mstatus, 8") };
}
