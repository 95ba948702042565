//! The timer's interrupt handler and the main loop use the heap at the same time.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use alloc::vec::Vec;
use critical_section::Mutex;

use super::{Random, counted};
use crate::board;

/// How often the handler is to run.
const TICKS: u32 = 300;

/// A block that goes from one to the other.
static MAIL: Mutex<Cell<Option<Vec<u8>>>> = Mutex::new(Cell::new(None));
/// What the timer calls.
static HANDLER: Mutex<Cell<fn()>> = Mutex::new(Cell::new(leave_a_block));

/// A processor's part in this.
struct Processor {
    /// Whether its handler is running.
    in_handler: AtomicBool,
    /// How often it ran.
    ticks: AtomicU32,
}

static PROCESSORS: [Processor; 2] =
    [const { Processor { in_handler: AtomicBool::new(false), ticks: AtomicU32::new(0) } }; 2];

fn this() -> &'static Processor {
    &PROCESSORS[board::this_processor() as usize]
}

/// Whether the caller is a handler.
pub fn in_handler() -> bool {
    this().in_handler.load(Ordering::Relaxed)
}

/// How often this processor's handler ran.
pub(super) fn ticks() -> u32 {
    this().ticks.load(Ordering::Relaxed)
}

pub(super) fn exchange(block: Option<Vec<u8>>) -> Option<Vec<u8>> {
    critical_section::with(|section| MAIL.borrow(section).replace(block))
}

fn is_intact(block: &[u8]) -> bool {
    block.iter().all(|byte| Some(byte) == block.first())
}

/// Called by the timer.
#[unsafe(no_mangle)]
pub extern "C" fn on_tick() {
    let Processor { in_handler, ticks } = this();
    in_handler.store(true, Ordering::Relaxed);
    critical_section::with(|section| HANDLER.borrow(section).get())();
    in_handler.store(false, Ordering::Relaxed);
    // Only this handler changes it.
    ticks.store(ticks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Works while this processor's timer calls `handler`, as all timers then do.
pub(super) fn while_ticking(handler: fn(), work: impl FnOnce()) {
    critical_section::with(|section| HANDLER.borrow(section).set(handler));
    board::start_ticks();
    work();
    board::stop_ticks();
}

/// Leaves a new block, and frees the one that was left for the handler; drops a list of its own.
pub(super) fn leave_a_block() {
    let number = ticks();
    let block = alloc::vec![number.to_le_bytes()[0]; 1 + number as usize % 200];
    let freed = exchange(Some(block));
    assert!(freed.is_none_or(|block| is_intact(&block)));
    // Which takes longer than a tick.
    if number.is_multiple_of(16) {
        counted::make_and_drop_list(20);
    }
}

/// Allocates, frees and exchanges until the handler has run often enough.
pub fn handler() {
    let mut random = Random(5);
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let before = ticks();
    while_ticking(leave_a_block, || {
        while ticks() - before < TICKS {
            let block = alloc::vec![7; 1 + random.below(300)];
            kept.extend(exchange(Some(block)));
            if kept.len() > 30 {
                assert!(is_intact(&kept.swap_remove(random.below(30))));
            }
            counted::make_and_drop_list(random.below(100));
        }
    });
    drop(exchange(None));
}
