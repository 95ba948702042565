//! A program whose whole heap is a static array of 64 KiB, as on a microcontroller.
//!
//! Its library part, `src/sensor_log.rs`, is `no_std`. Run with `cargo run --release --example fixed_region`.

use mudlark_core_alloc::{LockedHeap, StaticRegion};
use mudlark_examples::sensor_log::SensorLog;

static MEMORY: StaticRegion<{ 64 * 1024 }> = StaticRegion::new();

#[global_allocator]
static HEAP: LockedHeap = LockedHeap::with_region(&MEMORY);

fn main() {
    println!("at the start\n{}\n", HEAP.stats());

    let mut log = SensorLog::new();
    let mut readings = 0_u32;
    let error = loop {
        match log.record("pressure", readings) {
            Ok(()) => readings += 1,
            Err(error) => break error,
        }
    };
    println!("{error} after {readings} readings\n{}\n", HEAP.stats());

    log.forget_oldest_half();
    log.record("pressure", readings).expect("there is room again");
    println!("mean of what is left: {:?}", log.mean("pressure"));

    drop(log);
    println!("\nat the end\n{}", HEAP.stats());
}
