//! Readings of a sensor, in a heap that an interrupt handler shares with the main loop.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::Peripherals;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::{debug, hprintln};
use critical_section::Mutex;
use mudlark_core_alloc::{CriticalSectionLock, LockedHeap, StaticRegion};
use panic_semihosting as _;

// Half of the RAM of a small chip.
static MEMORY: StaticRegion<{ 8 * 1024 }, CriticalSectionLock> = StaticRegion::new();

#[global_allocator]
static HEAP: LockedHeap<CriticalSectionLock> = LockedHeap::with_region(&MEMORY);

/// What the handler has read and `main` has not yet counted.
static READINGS: Mutex<RefCell<Vec<u16>>> = Mutex::new(RefCell::new(Vec::new()));

#[entry]
fn main() -> ! {
    start_timer();
    let mut counts = BTreeMap::new();
    while counts.values().sum::<u32>() < 1000 {
        let readings = critical_section::with(|section| READINGS.take(section));
        for reading in readings {
            *counts.entry(reading).or_insert(0) += 1;
        }
    }
    hprintln!("{} readings are different", counts.len());

    // A request that cannot be served is refused, and all goes on.
    let mut too_much: Vec<u8> = Vec::new();
    assert!(too_much.try_reserve(16 * 1024).is_err());
    drop(counts);
    assert!(too_much.try_reserve(4 * 1024).is_ok());

    let stats = HEAP.stats();
    hprintln!("{} of {} bytes are in use", stats.used, stats.total);
    assert_eq!(HEAP.verify(), Ok(()));
    debug::exit(debug::EXIT_SUCCESS);
    loop {
        cortex_m::asm::wfi();
    }
}

fn start_timer() {
    let mut timer = Peripherals::take().expect("nobody else takes them").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(10_000);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Called by the timer. It may interrupt anything, but no call of the heap.
#[exception]
fn SysTick() {
    critical_section::with(|section| {
        let mut readings = READINGS.borrow_ref_mut(section);
        // When there is no room, this reading is lost.
        if readings.try_reserve(1).is_ok() {
            readings.push(read_sensor());
        }
    });
}

/// The sensor, for which a random generator stands (Marsaglia's xorshift).
fn read_sensor() -> u16 {
    static STATE: AtomicU32 = AtomicU32::new(1);
    let mut state = STATE.load(Ordering::Relaxed);
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    STATE.store(state, Ordering::Relaxed);
    (state >> 8) as u16 % 50
}
