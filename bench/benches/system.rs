//! the workloads on the system's malloc.

use std::alloc::System;

mod workloads;

use workloads::{block, outcome, random};

#[global_allocator]
static ALLOCATOR: System = System;

fn main() {
    workloads::bench("system");
}
