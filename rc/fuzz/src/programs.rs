//! Programs made up by a fuzzer: three bytes are an operation (`tests/programs`). What can be observed has to be the same
//! with `Counted` and `SyncCounted` as with std's `Rc`; the address sanitizer watches the memory. `fuzz/run` runs it.

#![no_main]

#[path = "../../tests/programs/mod.rs"]
mod programs;

use libfuzzer_sys::fuzz_target;
use programs::{Op, Worlds};

fuzz_target!(|bytes: &[u8]| {
    let mut worlds = Worlds::default();
    for op in bytes.chunks_exact(3).take(500) {
        worlds.step(Op::chosen_by(op[0].into(), op[1].into(), op[2].into()));
    }
});
