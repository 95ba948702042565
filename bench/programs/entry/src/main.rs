//! The programs, on one allocator: `mudlark-bench programs` builds this once for each, with the feature that chooses
//! it.

#[path = "../../../entries/src/alloc/entry/mod.rs"]
#[expect(unused_imports, reason = "nothing is given back in between")]
mod entry;

use std::process::ExitCode;

fn main() -> ExitCode {
    mudlark_programs::main()
}
