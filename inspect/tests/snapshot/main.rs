//! Snapshots: of the process, saved ones, and against CPython's.

mod live;
mod made_up;
mod oracle;
mod saved;

/// Miri has an allocator of its own.
#[cfg(not(miri))]
#[global_allocator]
static ALLOCATOR: mudlark_inspect::Profiled<mudlark_core_alloc::Mudlark> =
    mudlark_inspect::Profiled::new(mudlark_core_alloc::Mudlark::new());
