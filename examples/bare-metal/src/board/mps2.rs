//! A Cortex-M under QEMU. It speaks by semihosting, and its SysTick timer interrupts.

use core::arch::{asm, global_asm};
use core::ptr;

// The first 16 vectors are the stack, the start, the faults, and the timer.
global_asm!(
    ".section .vectors, \"a\"",
    ".word stack_top",
    ".word reset",
    ".rept 13",
    ".word fault",
    ".endr",
    ".word on_tick",
    ".section .text.reset, \"ax\"",
    ".global reset",
    ".type reset, %function",
    ".thumb_func",
    "reset:",
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
/// A counter that goes up, 20 million times a second, and by how much it is slowed down.
const COUNTER: *mut u32 = ptr::without_provenance_mut(0x4002_8018);
const COUNTER_PRESCALER: *mut u32 = ptr::without_provenance_mut(0x4002_801C);
const COPROCESSORS: *mut u32 = ptr::without_provenance_mut(0xE000_ED88);

/// Lets the timer call `on_tick`, every few thousand instructions.
pub fn start_ticks() {
    const EVERY: u32 = 20_000;
    // SAFETY: the timer's registers on every Cortex-M; nobody else uses them.
    unsafe { SYSTICK_RELOAD.write_volatile(EVERY) };
    // SAFETY: likewise.
    unsafe { SYSTICK_CONTROL.write_volatile(0b111) };
}

/// Ends that.
pub fn stop_ticks() {
    // SAFETY: as above.
    unsafe { SYSTICK_CONTROL.write_volatile(0) };
}

#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    crate::say!("a fault");
    exit(false)
}

/// Sets the clock, and switches the floating-point unit on, where there is one.
pub fn prepare() {
    const TO_A_MEGAHERTZ: u32 = 20 - 1;
    // SAFETY: the board's own register; nobody else uses it.
    unsafe { COUNTER_PRESCALER.write_volatile(TO_A_MEGAHERTZ) };
    if cfg!(target_feature = "vfp2") || cfg!(target_abi = "eabihf") {
        // SAFETY: the register of Cortex-Ms with such a unit.
        unsafe { COPROCESSORS.write_volatile(0b1111 << 20) };
        // SAFETY: waits until it is on.
        unsafe { asm!("dsb", "isb") };
    }
}

/// What the clock says. It wraps around after an hour.
pub fn now() -> u64 {
    // SAFETY: the board's own register, which may be read at any time.
    unsafe { COUNTER.read_volatile() }.into()
}

/// How fast it runs.
pub const fn ticks_per_second() -> u64 {
    1_000_000
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

/// Prints a byte.
pub fn put(byte: u8) {
    const WRITE_BYTE: u32 = 3;
    // SAFETY: this operation reads one byte.
    unsafe { semihosting(WRITE_BYTE, &raw const byte) };
}

/// Ends the emulator.
pub fn exit(success: bool) -> ! {
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

/// Turns interrupts off. Says whether they were on.
pub fn interrupts_off() -> bool {
    let mask: u32;
    // SAFETY: reads whether interrupts are off, and turns them off.
    unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) mask) };
    mask & 1 == 0
}

/// Turns interrupts on.
///
/// # Safety
///
/// They were on before a critical section that ends with this.
pub unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("cpsie i") };
}
