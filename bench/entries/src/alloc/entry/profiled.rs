//! Mudlark, ready to be recorded: nobody does so, or requests are sampled as usual, or every request is recorded.

use mudlark_core_alloc::Mudlark;
use mudlark_inspect::{Profiled, Profiler};

#[global_allocator]
static ALLOCATOR: Profiled<Mudlark> = Profiled::new(Mudlark::new());

pub(crate) const GIVE_BACK: Option<fn()> = Some(Mudlark::collect);

/// Begins to record, if this entry does: to a file, which has no name from then on, so that nothing is left of it.
pub(crate) fn record() -> Option<Profiler> {
    let interval = if cfg!(feature = "alloc-mudlark-profiled-every") { 1 } else { Profiler::DEFAULT_INTERVAL };
    let records = cfg!(any(feature = "alloc-mudlark-profiled", feature = "alloc-mudlark-profiled-every"));
    records.then(|| {
        let file = std::env::temp_dir().join(format!("mudlark-bench-{}.mmt", std::process::id()));
        let profiler = Profiler::builder().interval(interval).start(&file).expect("a recording begins");
        std::fs::remove_file(&file).expect("it is there");
        profiler
    })
}
