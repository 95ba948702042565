//! What `#[mem_profile]` finds, line by line.

mod asynchronous;
mod control_flow;
mod endings;
mod kinds;
mod output;
mod source;
mod support;

use std::alloc::System;

use mudlark_inspect::Metered;

#[global_allocator]
static ALLOCATOR: Metered<System> = Metered::new(System);
