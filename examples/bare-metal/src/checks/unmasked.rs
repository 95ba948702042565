//! The timer's interrupt handler and the main loop share a heap that does not mask interrupts.

use core::cell::Cell;

use alloc::vec::Vec;
use critical_section::Mutex;
use mudlark_core_alloc::{InterruptHeap, StaticRegion};

use super::Random;
use super::filled::Filled;
use super::interrupts::while_ticking;

/// How often the handler is to run, and how often while it has interrupted a call of the heap.
const TICKS: u32 = 300;
const INTERRUPTIONS: u32 = 20;

/// What a handler can have at once when it has interrupted a call.
const RESERVED: usize = 2;
const RESERVE_SIZE: usize = 64;

/// A flag will do where there is one processor; and must, where there is no compare-and-swap.
#[cfg(not(several_processors))]
type Lock = mudlark_core_alloc::SingleCoreLock<OneProcessor>;
#[cfg(several_processors)]
type Lock = mudlark_core_alloc::DefaultLock;

#[cfg(not(several_processors))]
struct OneProcessor;

// SAFETY: these boards have one processor, and interrupt handlers return.
#[cfg(not(several_processors))]
unsafe impl mudlark_core_alloc::SingleCore for OneProcessor {}

static MEMORY: StaticRegion<{ 8 * 1024 }, Lock> = StaticRegion::new();
static HEAP: InterruptHeap<Lock, RESERVE_SIZE, RESERVED> = InterruptHeap::with_region(&MEMORY);

/// A block that goes from one to the other.
static MAIL: Mutex<Cell<Option<Filled>>> = Mutex::new(Cell::new(None));
static COUNTS: Mutex<Cell<Counts>> = Mutex::new(Cell::new(Counts { ticks: 0, interruptions: 0, served: 0 }));

/// What the handler has seen.
#[derive(Clone, Copy)]
struct Counts {
    ticks: u32,
    /// The ticks that found the heap locked.
    interruptions: u32,
    /// Those of them that got a block all the same.
    served: u32,
}

fn exchange(block: Option<Filled>) -> Option<Filled> {
    critical_section::with(|section| MAIL.borrow(section).replace(block))
}

fn counts() -> Counts {
    critical_section::with(|section| COUNTS.borrow(section).get())
}

/// Called by the timer: frees what was left for it, and leaves a new block if there is one to be had.
fn use_the_heap() {
    let mut counts = counts();
    // More than the reserve has is refused just when the heap is locked.
    let is_locked = Filled::new(&HEAP, RESERVE_SIZE + 1, 9).is_none();
    let block = Filled::new(&HEAP, RESERVE_SIZE, 9);
    counts.interruptions += u32::from(is_locked);
    counts.served += u32::from(is_locked && block.is_some());
    counts.ticks += 1;
    drop(exchange(block));
    critical_section::with(|section| COUNTS.borrow(section).set(counts));
}

/// Allocates, frees and exchanges until the handler has run often enough.
pub fn handler() {
    let mut random = Random(6);
    let mut kept: Vec<Filled> = Vec::new();
    HEAP.prepare();
    while_ticking(use_the_heap, || {
        while counts().ticks < TICKS || counts().interruptions < INTERRUPTIONS {
            let block = Filled::new(&HEAP, 1 + random.below(300), 8).expect("8 KiB are enough");
            kept.extend(exchange(Some(block)));
            if kept.len() > 20 {
                drop(kept.swap_remove(random.below(20)));
            }
        }
    });
    drop(exchange(None));
    drop(kept);
    HEAP.prepare();
    assert_eq!(HEAP.stats().map(|stats| stats.blocks), Some(RESERVED), "what is left is the reserve");
    assert_eq!(HEAP.verify(), Some(Ok(())));
    let Counts { interruptions, served, .. } = counts();
    assert!(served > 0);
    crate::say!(
        "  the handler found the heap locked {interruptions} times, and had a block {served} times nevertheless"
    );
}
