//! A Cortex-M4 under QEMU. It speaks by semihosting, and counts by its SysTick timer.

use core::arch::{asm, global_asm};
use core::ptr;

global_asm!(
    ".section .vectors, \"a\"",
    ".word stack_top",
    ".word reset",
    // No fault is expected: each begins anew, and the script waits in vain.
    ".rept 14",
    ".word reset",
    ".endr",
    ".section .text.reset, \"ax\"",
    ".global reset",
    ".type reset, %function",
    ".thumb_func",
    "reset:",
    // The floating-point unit is off at first.
    "ldr r0, =0xE000ED88",
    "ldr r1, =0x00F00000",
    "str r1, [r0]",
    "dsb",
    "ldr r0, =bss_start",
    "ldr r1, =bss_end",
    "movs r2, #0",
    "1: cmp r0, r1",
    "beq 2f",
    "str r2, [r0]",
    "adds r0, #4",
    "b 1b",
    "2: bl main",
    "b .",
);

const SYSTICK_CONTROL: *mut u32 = ptr::without_provenance_mut(0xE000_E010);
const SYSTICK_RELOAD: *mut u32 = ptr::without_provenance_mut(0xE000_E014);
const SYSTICK_VALUE: *mut u32 = ptr::without_provenance_mut(0xE000_E018);

/// The timer counts down from here, and begins again.
const RELOAD: u32 = 0xFF_FFFF;
/// A tick of the board's clock, of 25 MHz.
const TICK_NS: u32 = 40;
/// What `-icount shift=8` makes an instruction last.
const INSTRUCTION_NS: u32 = 256;

/// Starts counting.
pub(crate) fn start_counter() {
    for (register, value) in [(SYSTICK_RELOAD, RELOAD), (SYSTICK_VALUE, 0), (SYSTICK_CONTROL, 0b101)] {
        // SAFETY: these are the timer's registers on every Cortex-M; nobody else uses them.
        unsafe { register.write_volatile(value) };
    }
}

/// A moment, for [`between`]: the timer's value, which goes down.
#[inline(always)]
pub(crate) fn now() -> u32 {
    // SAFETY: as above; reading has no side effect.
    unsafe { SYSTICK_VALUE.read_volatile() }
}

/// The instructions between two moments, with one look at the counter.
#[inline(always)]
pub(crate) fn between(start: u32, end: u32) -> u32 {
    let elapsed = start.wrapping_sub(end) & RELOAD;
    (elapsed * TICK_NS + INSTRUCTION_NS / 2) / INSTRUCTION_NS
}

/// Calls the debugger, which QEMU plays.
///
/// # Safety
///
/// As `operation` has it.
unsafe fn semihosting<T>(operation: u32, argument: *const T) {
    // SAFETY: the caller's promise.
    unsafe { asm!("bkpt #0xAB", inout("r0") operation => _, in("r1") argument) };
}

/// Prints text.
pub(crate) fn print(text: &[u8]) {
    const WRITE_BYTE: u32 = 3;
    for byte in text {
        // SAFETY: this operation reads one byte.
        unsafe { semihosting(WRITE_BYTE, byte) };
    }
}

/// Ends the emulator.
pub(crate) fn exit(success: bool) -> ! {
    const EXIT: u32 = 0x18;
    const DONE: usize = 0x20026;
    const FAILED: usize = 0x20023;
    let reason = ptr::without_provenance::<u8>(if success { DONE } else { FAILED });
    // SAFETY: this operation takes a number.
    unsafe { semihosting(EXIT, reason) };
    loop {
        core::hint::spin_loop();
    }
}
