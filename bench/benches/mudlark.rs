//! the workloads on Mudlark.

use mudlark_core_alloc::Mudlark;

mod workloads;

use workloads::{block, outcome, random};

#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

fn main() {
    workloads::bench("mudlark");
}
