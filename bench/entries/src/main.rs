//! One entry of the race. `mudlark-bench race` builds this program for every entry, with one feature that chooses it, and
//! runs it once for every workload and round.

mod command_line;
#[cfg(any(feature = "counted", feature = "gc-group"))]
mod empty;
#[cfg_attr(feature = "region", expect(dead_code, reason = "a region's size is known"))]
mod memory;
#[cfg_attr(feature = "gc-group", expect(dead_code, reason = "CPython would be slow to mix checksums"))]
mod outcome;
#[cfg_attr(
    any(feature = "counted", feature = "gc-group"),
    expect(dead_code, reason = "objects have no sizes to choose")
)]
mod random;
mod report;
mod scale;
#[cfg(any(feature = "counted", feature = "gc-group"))]
mod stack;
mod workload;

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "alloc")]
mod block;
#[cfg(feature = "counted")]
mod counted;
#[cfg(feature = "gc-group")]
mod gc;
#[cfg(feature = "region")]
mod region;

use std::process::ExitCode;

/// For entries that do not bring an allocator, to be raced on this one, too.
#[cfg(feature = "on-mudlark")]
#[global_allocator]
static ALLOCATOR: mudlark_core_alloc::Mudlark = mudlark_core_alloc::Mudlark::new();

#[cfg(feature = "alloc")]
use alloc::WORKLOADS;
#[cfg(feature = "counted")]
use counted::WORKLOADS;
#[cfg(feature = "gc-group")]
use gc::WORKLOADS;
#[cfg(feature = "region")]
use region::WORKLOADS;

fn main() -> ExitCode {
    #[cfg(feature = "alloc-mudlark-profiled-off")]
    let _recording = alloc::record();
    command_line::run(WORKLOADS)
}
