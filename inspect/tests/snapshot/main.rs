//! Snapshots: of the process, saved ones, and against CPython's.

mod live;
mod made_up;
mod oracle;
mod saved;

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::Profiled;

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());
