//! The second processor, if there is one: it runs what the first one gives it.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::{apic, descriptors};

const ID: usize = 0x20;
const COMMAND: usize = 0x300;
const TRAMPOLINE: usize = 0x8000;

/// What the second processor has to do.
static TASK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// How far it is.
static STATE: AtomicU32 = AtomicU32::new(ABSENT);
const ABSENT: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;

unsafe extern "C" {
    static trampoline: u8;
    static trampoline_end: u8;
}

/// The number of this processor.
pub fn this_processor() -> u32 {
    // SAFETY: the local APIC is mapped.
    unsafe { apic(ID).read_volatile() >> 24 }
}

/// Runs `task` on the second processor while `meanwhile` runs here; says whether there is one. To be called once.
pub fn run_beside(task: fn(), meanwhile: fn()) -> bool {
    TASK.store(task as *mut (), Ordering::Release);
    start();
    if STATE.load(Ordering::Acquire) == ABSENT {
        return false;
    }
    meanwhile();
    while STATE.load(Ordering::Acquire) != DONE {
        core::hint::spin_loop();
    }
    true
}

/// Wakes all other processors, and waits a while.
fn start() {
    const ALL_BUT_SELF: u32 = 0b11 << 18;
    const INIT: u32 = 0x4500;
    const STARTUP: u32 = 0x4600;
    let start = &raw const trampoline;
    let len = (&raw const trampoline_end).addr() - start.addr();
    // SAFETY: the memory below 1 MiB is there and nobody's, and the code is that long.
    unsafe { start.copy_to_nonoverlapping(ptr::with_exposed_provenance_mut(TRAMPOLINE), len) };
    for command in [INIT, STARTUP | 8] {
        // SAFETY: the others are told to begin at the trampoline, in page 8.
        unsafe { apic(COMMAND).write_volatile(ALL_BUT_SELF | command) };
        for _ in 0..20_000_000 {
            if STATE.load(Ordering::Acquire) != ABSENT {
                return;
            }
            core::hint::spin_loop();
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn second_main() -> ! {
    descriptors::load(1);
    STATE.store(RUNNING, Ordering::Release);
    let task = TASK.load(Ordering::Acquire);
    // SAFETY: `run_beside` has stored a function.
    let task: fn() = unsafe { core::mem::transmute(task) };
    task();
    STATE.store(DONE, Ordering::Release);
    loop {
        core::hint::spin_loop();
    }
}
