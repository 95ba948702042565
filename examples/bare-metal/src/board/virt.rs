//! A 32-bit RISC-V under QEMU. It speaks by its serial line, and its core's timer interrupts.

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
    "2: la t0, trap",
    "csrw mtvec, t0",
    "call main",
    "j .",
    // Keeps the registers that a function may change.
    ".balign 4",
    "trap:",
    "addi sp, sp, -64",
    "sw ra, 0(sp); sw t0, 4(sp); sw t1, 8(sp); sw t2, 12(sp); sw t3, 16(sp); sw t4, 20(sp); sw t5, 24(sp); sw t6, 28(sp)",
    "sw a0, 32(sp); sw a1, 36(sp); sw a2, 40(sp); sw a3, 44(sp); sw a4, 48(sp); sw a5, 52(sp); sw a6, 56(sp); sw a7, 60(sp)",
    "call on_trap",
    "lw ra, 0(sp); lw t0, 4(sp); lw t1, 8(sp); lw t2, 12(sp); lw t3, 16(sp); lw t4, 20(sp); lw t5, 24(sp); lw t6, 28(sp)",
    "lw a0, 32(sp); lw a1, 36(sp); lw a2, 40(sp); lw a3, 44(sp); lw a4, 48(sp); lw a5, 52(sp); lw a6, 56(sp); lw a7, 60(sp)",
    "addi sp, sp, 64",
    "mret",
);

const SERIAL: *mut u8 = ptr::without_provenance_mut(0x1000_0000);
const TEST_DEVICE: *mut u32 = ptr::without_provenance_mut(0x10_0000);
const TIMER_COMPARE: *mut u32 = ptr::without_provenance_mut(0x200_4000);
const TIMER_COMPARE_HIGH: *mut u32 = ptr::without_provenance_mut(0x200_4004);
const TIMER: *mut u32 = ptr::without_provenance_mut(0x200_BFF8);
const TIMER_HIGH: *mut u32 = ptr::without_provenance_mut(0x200_BFFC);

/// In units of the timer, of 10 MHz.
const EVERY: u32 = 1000;

/// Nothing to do before the checks.
pub const fn prepare() {}

fn set_alarm() {
    // SAFETY: the timer's registers; nobody else uses them.
    let now = unsafe { TIMER.read_volatile() };
    // SAFETY: likewise; the program ends long before the low half wraps around.
    unsafe { TIMER_COMPARE.write_volatile(now.wrapping_add(EVERY)) };
    // SAFETY: the high half.
    unsafe { TIMER_COMPARE_HIGH.write_volatile(0) };
}

/// What the clock says.
pub fn now() -> u64 {
    loop {
        // SAFETY: the timer's register, which may be read at any time.
        let before = unsafe { TIMER_HIGH.read_volatile() };
        // SAFETY: likewise.
        let low = unsafe { TIMER.read_volatile() };
        // SAFETY: likewise.
        let after = unsafe { TIMER_HIGH.read_volatile() };
        if before == after {
            return u64::from(after) << 32 | u64::from(low);
        }
    }
}

/// How fast it runs.
pub const fn ticks_per_second() -> u64 {
    10_000_000
}

/// Lets the timer call `on_tick`, every few thousand instructions.
pub fn start_ticks() {
    set_alarm();
    // SAFETY: lets the timer interrupt; `trap` handles that.
    unsafe { asm!("csrs mie, {}", "csrsi mstatus, 8", in(reg) 1 << 7) };
}

/// Ends that.
pub fn stop_ticks() {
    // SAFETY: the timer interrupts no more.
    unsafe { asm!("csrc mie, {}", in(reg) 1 << 7) };
}

#[unsafe(no_mangle)]
extern "C" fn on_trap() {
    const TIMER_INTERRUPT: u32 = 1 << 31 | 7;
    let (cause, at): (u32, u32);
    // SAFETY: reads why we are here.
    unsafe { asm!("csrr {}, mcause", "csrr {}, mepc", out(reg) cause, out(reg) at) };
    if cause != TIMER_INTERRUPT {
        crate::say!("a fault of kind {cause} at {at:#x}");
        exit(false);
    }
    set_alarm();
    crate::checks::interrupts::on_tick();
}

/// Prints a byte.
pub fn put(byte: u8) {
    // SAFETY: the serial line's data register; what is written there is sent.
    unsafe { SERIAL.write_volatile(byte) };
}

/// Ends the emulator.
pub fn exit(success: bool) -> ! {
    let code = if success { 0x5555 } else { 0x1_3333 };
    // SAFETY: the board's test device ends the emulator.
    unsafe { TEST_DEVICE.write_volatile(code) };
    loop {
        core::hint::spin_loop();
    }
}

/// Turns interrupts off. Says whether they were on.
pub fn interrupts_off() -> bool {
    let status: u32;
    // SAFETY: reads whether interrupts are on, and turns them off.
    unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status) };
    status & 8 != 0
}

/// Turns interrupts on.
///
/// # Safety
///
/// They were on before a critical section that ends with this.
pub unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("csrsi mstatus, 8") };
}
