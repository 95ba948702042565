//! A critical section on one core: interrupts are off.

use core::arch::asm;

struct InterruptsOff;

critical_section::set_impl!(InterruptsOff);

// SAFETY: on one core nobody else runs while interrupts are off.
unsafe impl critical_section::Impl for InterruptsOff {
    #[cfg(target_arch = "arm")]
    unsafe fn acquire() -> bool {
        let mask: u32;
        // SAFETY: reads whether interrupts are off, and turns them off.
        unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) mask) };
        mask & 1 == 0
    }

    #[cfg(target_arch = "arm")]
    unsafe fn release(were_on: bool) {
        if were_on {
            // SAFETY: they were on before.
            unsafe { asm!("cpsie i") };
        }
    }

    #[cfg(target_arch = "riscv32")]
    unsafe fn acquire() -> bool {
        let status: u32;
        // SAFETY: reads whether interrupts are on, and turns them off.
        unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status) };
        status & 8 != 0
    }

    #[cfg(target_arch = "riscv32")]
    unsafe fn release(were_on: bool) {
        if were_on {
            // SAFETY: they were on before.
            unsafe { asm!("csrsi mstatus, 8") };
        }
    }
}
