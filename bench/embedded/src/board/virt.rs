//! A 32-bit RISC-V under QEMU. It speaks by its serial line, and counts by `mcycle`.

use core::arch::{asm, global_asm};
use core::ptr;

global_asm!(
    ".section .vectors, \"ax\"",
    ".global reset",
    "reset:",
    "la sp, stack_top",
    "la t0, bss_start",
    "la t1, bss_end",
    "1: beq t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: call main",
    "j .",
);

const SERIAL: *mut u8 = ptr::without_provenance_mut(0x1000_0000);
const TEST_DEVICE: *mut u32 = ptr::without_provenance_mut(0x10_0000);

/// The counter runs always. Lets interrupts be on, of which none is enabled, so that critical sections turn them off.
pub(crate) fn start_counter() {
    // SAFETY: no interrupt is enabled.
    unsafe { asm!("csrsi mstatus, 8") };
}

/// A moment, for [`between`].
#[inline(always)]
pub(crate) fn now() -> u32 {
    let cycles: u32;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {}, mcycle", out(reg) cycles) };
    cycles
}

/// The instructions between two moments, with one look at the counter. With `-icount shift=0` a cycle is one.
#[inline(always)]
pub(crate) fn between(start: u32, end: u32) -> u32 {
    end.wrapping_sub(start)
}

/// Prints text.
pub(crate) fn print(text: &[u8]) {
    for &byte in text {
        // SAFETY: the serial line's data register; what is written there is sent.
        unsafe { SERIAL.write_volatile(byte) };
    }
}

/// Ends the emulator.
pub(crate) fn exit(success: bool) -> ! {
    let code = if success { 0x5555 } else { 0x1_3333 };
    // SAFETY: the board's test device ends the emulator.
    unsafe { TEST_DEVICE.write_volatile(code) };
    loop {
        core::hint::spin_loop();
    }
}
