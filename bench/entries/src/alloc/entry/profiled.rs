//! Mudlark, ready to be recorded: nobody does so, or requests are sampled as usual, or every request is recorded.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

pub(crate) const GIVE_BACK: Option<fn()> = Some(Mudlark::collect);

/// Begins to record, if this entry does. What becomes of the log is another matter: it goes nowhere.
pub(crate) fn record() -> Option<Profiler> {
    let interval = if cfg!(feature = "alloc-mudlark-profiled-every") { 1 } else { Profiler::DEFAULT_INTERVAL };
    let records = cfg!(any(feature = "alloc-mudlark-profiled", feature = "alloc-mudlark-profiled-every"));
    records.then(|| Profiler::builder().interval(interval).start("/dev/null").expect("a recording begins"))
}
