//! How the second processor is started.

use core::ptr;

use super::{apic, descriptors};
use crate::board::beside;

const ID: usize = 0x20;
const COMMAND: usize = 0x300;
const TRAMPOLINE: usize = 0x8000;

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
    beside::run(task, meanwhile, start)
}

/// Wakes all other processors, and waits a while. Says whether there is one.
fn start(runs: fn() -> bool) -> bool {
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
            if runs() {
                return true;
            }
            core::hint::spin_loop();
        }
    }
    false
}

#[unsafe(no_mangle)]
extern "C" fn second_main() -> ! {
    descriptors::load(1);
    beside::work()
}
