//! A 64-bit ARM board under QEMU, with one processor or two. It speaks by semihosting; each processor's own timer interrupts.

mod start;

use core::arch::asm;
use core::ptr;

use super::beside;

const DISTRIBUTOR: usize = 0x800_0000;
const INTERFACE: usize = 0x801_0000;
/// The interrupt of each processor's virtual timer.
const TIMER: u32 = 27;

/// A register of the interrupt controller.
fn controller(address: usize) -> *mut u32 {
    ptr::without_provenance_mut(address)
}

/// Nothing to do before the checks.
pub const fn prepare() {}

fn set_alarm() {
    const EVERY: u64 = 100_000;
    // SAFETY: this processor's timer, which nobody else uses.
    unsafe { asm!("msr cntv_tval_el0, {}", in(reg) EVERY) };
}

/// What the clock says.
pub fn now() -> u64 {
    let now: u64;
    // SAFETY: reads a counter.
    unsafe { asm!("mrs {}, cntvct_el0", out(reg) now) };
    now
}

/// How fast it runs.
pub fn ticks_per_second() -> u64 {
    let frequency: u64;
    // SAFETY: reads a constant.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) frequency) };
    frequency
}

/// Lets this processor's timer call `on_tick`, every few thousand instructions.
pub fn start_ticks() {
    const CONTROL: usize = 0;
    const PRIORITIES: usize = 4;
    const ENABLE: usize = 0x100;
    let settings = [
        (DISTRIBUTOR + CONTROL, 1),
        (DISTRIBUTOR + ENABLE, 1 << TIMER),
        (INTERFACE + PRIORITIES, 0xFF),
        (INTERFACE + CONTROL, 1),
    ];
    for (register, value) in settings {
        // SAFETY: the board's interrupt controller, of which each processor sees its own part; `interrupted` handles what it
        // lets through.
        unsafe { controller(register).write_volatile(value) };
    }
    set_alarm();
    // SAFETY: lets the timer interrupt.
    unsafe { asm!("msr cntv_ctl_el0, {}", "msr daifclr, #2", in(reg) 1_u64) };
}

/// Ends that.
pub fn stop_ticks() {
    // SAFETY: as above.
    unsafe { asm!("msr cntv_ctl_el0, xzr", "isb") };
}

#[unsafe(no_mangle)]
extern "C" fn on_interrupt() {
    const ACKNOWLEDGE: usize = 0x0C;
    const END: usize = 0x10;
    const NONE: u32 = 1023;
    // SAFETY: says which interrupt it is.
    let number = unsafe { controller(INTERFACE + ACKNOWLEDGE).read_volatile() };
    if number == NONE {
        return;
    }
    assert_eq!(number, TIMER, "no other is let through");
    set_alarm();
    crate::checks::interrupts::on_tick();
    // SAFETY: ends the one that we are in.
    unsafe { controller(INTERFACE + END).write_volatile(number) };
}

#[unsafe(no_mangle)]
extern "C" fn on_fault() -> ! {
    let (what, at): (u64, u64);
    // SAFETY: reads why we are here.
    unsafe { asm!("mrs {}, esr_el1", "mrs {}, elr_el1", out(reg) what, out(reg) at) };
    crate::say!("a fault {what:#x} at {at:#x}");
    exit(false)
}

/// The number of this processor.
pub fn this_processor() -> u32 {
    let affinity: u64;
    // SAFETY: reads a constant.
    unsafe { asm!("mrs {}, mpidr_el1", out(reg) affinity) };
    (affinity & 0xFF) as u32
}

/// Runs `task` on the second processor while `meanwhile` runs here; says whether there is one. To be called once.
pub fn run_beside(task: fn(), meanwhile: fn()) -> bool {
    beside::run(task, meanwhile, |_| {
        const TURN_ON: u64 = 0xC400_0003;
        const SECOND: u64 = 1;
        unsafe extern "C" {
            fn start_second();
        }
        let entry = start_second as *const ();
        let refused: i64;
        // SAFETY: asks the board's firmware, which QEMU plays, to start the second processor there. It may change the registers
        // that a function may.
        unsafe {
            asm!("hvc #0", inout("x0") TURN_ON => refused, in("x1") SECOND, in("x2") entry, in("x3") 0, clobber_abi("C"))
        };
        refused == 0
    })
}

#[unsafe(no_mangle)]
extern "C" fn second_main() -> ! {
    beside::work()
}

/// Calls the debugger, which QEMU plays.
///
/// # Safety
///
/// As `operation` has it.
unsafe fn semihosting<T>(operation: u64, argument: *const T) {
    // SAFETY: the caller's promise.
    unsafe { asm!("hlt #0xF000", inout("x0") operation => _, in("x1") argument) };
}

/// Prints a byte.
pub fn put(byte: u8) {
    const WRITE_BYTE: u64 = 3;
    // SAFETY: this operation reads one byte.
    unsafe { semihosting(WRITE_BYTE, &raw const byte) };
}

/// Ends the emulator.
pub fn exit(success: bool) -> ! {
    const EXIT: u64 = 0x18;
    const DONE: u64 = 0x20026;
    let status = [DONE, u64::from(!success)];
    // SAFETY: this operation reads two words.
    unsafe { semihosting(EXIT, &raw const status) };
    loop {
        core::hint::spin_loop();
    }
}

/// Turns interrupts off. Says whether they were on.
pub fn interrupts_off() -> bool {
    let mask: u64;
    // SAFETY: reads whether interrupts are off, and turns them off.
    unsafe { asm!("mrs {}, daif", "msr daifset, #2", out(reg) mask) };
    mask & 1 << 7 == 0
}

/// Turns interrupts on.
///
/// # Safety
///
/// They were on before a critical section that ends with this.
pub unsafe fn interrupts_on() {
    // SAFETY: the caller's promise.
    unsafe { asm!("msr daifclr, #2") };
}
