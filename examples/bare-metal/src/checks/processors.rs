//! Two processors use the heap at the same time, and free each other's blocks; on both, a timer's interrupt handler does so,
//! too.

use core::cell::Cell;

use alloc::vec::Vec;
use critical_section::Mutex;
use mudlark_rc::SyncCounted;

use super::{Random, counted, interrupts};
use crate::{board, heap, say};

/// Blocks on the way from one to the other.
static MAIL: Mutex<Cell<Option<SyncCounted<[u32]>>>> = Mutex::new(Cell::new(None));

fn exchange(block: Option<SyncCounted<[u32]>>) -> Option<SyncCounted<[u32]>> {
    critical_section::with(|section| MAIL.borrow(section).replace(block))
}

/// How often each processor's handler is to run, at least.
const TICKS: u32 = 200;

fn churn(seed: u32) {
    let mut random = Random(seed);
    let mut kept: Vec<SyncCounted<[u32]>> = Vec::new();
    let before = interrupts::ticks();
    interrupts::while_ticking(interrupts::leave_a_block, || {
        let mut step = 0;
        while step < 20_000 || interrupts::ticks() - before < TICKS {
            let block: SyncCounted<[u32]> = SyncCounted::from(alloc::vec![step; 1 + random.below(60)]);
            kept.extend(exchange(Some(block)));
            if kept.len() > 20 {
                let block = kept.swap_remove(random.below(20));
                assert!(block.iter().all(|number| *number == block[0]));
            }
            if step % 100 == 0 {
                counted::make_and_drop_list(50);
            }
            step += 1;
        }
    });
    drop(kept);
    heap::collect();
}

/// Both churn; or one, where there is only one.
pub fn both() {
    if !board::run_beside(|| churn(3), || churn(11)) {
        say!("  (there is one processor)");
        churn(7);
    }
    drop(exchange(None));
    drop(interrupts::exchange(None));
}
