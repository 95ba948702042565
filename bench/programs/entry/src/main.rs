//! The programs, on one allocator: `mudlark-bench programs` builds this once for each, with the feature that chooses
//! it.

#[path = "../../../entries/src/alloc/entry/mod.rs"]
mod entry;

use std::process::ExitCode;

// No program gives memory back in between, as only `hold` of the race does.
const _: Option<fn()> = entry::GIVE_BACK;

fn main() -> ExitCode {
    #[cfg(feature = "alloc-mudlark-profiled-off")]
    let _recording = entry::record();
    mudlark_programs::main()
}
