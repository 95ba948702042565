//! A PC under QEMU, with one processor or two. It speaks by its serial line; the local APIC's timer interrupts.

mod c;
mod descriptors;
mod second;
mod start;

use core::arch::asm;
use core::ptr;

pub use second::{run_beside, this_processor};

const SERIAL: u16 = 0x3F8;
const DEBUG_EXIT: u16 = 0xF4;

/// A register of this processor's local APIC.
pub(crate) fn apic(register: usize) -> *mut u32 {
    ptr::without_provenance_mut(0xFEE0_0000 + register)
}

/// The high precision event timer, as a clock.
const CLOCK: usize = 0xFED0_0000;
const CLOCK_PERIOD: usize = 0x04;
const CLOCK_ENABLE: usize = 0x10;
const CLOCK_COUNTER: usize = 0xF0;

/// A register of the clock.
fn clock(register: usize) -> *mut u32 {
    ptr::without_provenance_mut(CLOCK + register)
}

/// Sets up the processor, and starts the clock.
pub fn prepare() {
    descriptors::prepare();
    // SAFETY: the timer is mapped, and nobody else uses it.
    unsafe { clock(CLOCK_ENABLE).write_volatile(1) };
}

/// What the clock says.
pub fn now() -> u64 {
    // SAFETY: the timer's counter, which may be read at any time.
    unsafe { clock(CLOCK_COUNTER).cast::<u64>().read_volatile() }
}

/// How fast it runs: the timer knows the length of a tick, in femtoseconds.
pub fn ticks_per_second() -> u64 {
    const SECOND: u64 = 1_000_000_000_000_000;
    // SAFETY: a register that may be read at any time.
    let period = unsafe { clock(CLOCK_PERIOD).read_volatile() };
    SECOND / u64::from(period.max(1))
}

const SPURIOUS: usize = 0xF0;
const END_OF_INTERRUPT: usize = 0xB0;
const TIMER: usize = 0x320;
const TIMER_START: usize = 0x380;
const TIMER_DIVIDER: usize = 0x3E0;

/// Lets this processor's timer call `on_tick`, every few thousand instructions.
pub fn start_ticks() {
    const PERIODIC: u32 = 1 << 17;
    let settings = [
        (SPURIOUS, 0x1FF),
        (TIMER_DIVIDER, 0b1011),
        (TIMER, PERIODIC | descriptors::TIMER_VECTOR),
        (TIMER_START, 100_000),
    ];
    for (register, value) in settings {
        // SAFETY: the local APIC is mapped, and nobody else uses its timer; `descriptors` handles the vector.
        unsafe { apic(register).write_volatile(value) };
    }
    // SAFETY: all vectors are handled.
    unsafe { asm!("sti") };
}

/// Ends that.
pub fn stop_ticks() {
    const MASKED: u32 = 1 << 16;
    // SAFETY: as above.
    unsafe { apic(TIMER).write_volatile(MASKED) };
}

#[unsafe(no_mangle)]
extern "C" fn on_timer() {
    crate::checks::interrupts::on_tick();
    // SAFETY: the interrupt that we are in is the timer's.
    unsafe { apic(END_OF_INTERRUPT).write_volatile(0) };
}

#[unsafe(no_mangle)]
extern "C" fn on_fault() -> ! {
    crate::say!("a fault");
    exit(false)
}

/// Prints a byte.
pub fn put(byte: u8) {
    // SAFETY: the serial line sends what is written there.
    unsafe { asm!("out dx, al", in("dx") SERIAL, in("al") byte) };
}

/// Ends the emulator: with the status 33 for success, and 35 otherwise.
pub fn exit(success: bool) -> ! {
    let code: u32 = if success { 16 } else { 17 };
    // SAFETY: QEMU's device ends it.
    unsafe { asm!("out dx, eax", in("dx") DEBUG_EXIT, in("eax") code) };
    loop {
        core::hint::spin_loop();
    }
}

/// Turns interrupts off. Says whether they were on.
pub fn interrupts_off() -> bool {
    let flags: u64;
    // SAFETY: reads whether interrupts are on, and turns them off.
    unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
    flags & 1 << 9 != 0
}

/// Turns interrupts on.
///
/// # Safety
///
/// They were on before a critical section that ends with this.
pub unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("sti") };
}
