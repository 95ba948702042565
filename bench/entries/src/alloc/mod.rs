//! Group alloc: global allocators, on what programs do with the heap.
//!
//! Block contents are written and read back, and a checksum is made of them. No workload looks at addresses but to check an
//! alignment, so the checksum is the same for all allocators that work.

mod aligned;
mod binary_trees;
mod entry;
mod growth;
mod hold;
mod huge;
mod json;
mod larson;
mod lifetimes;
mod lifo;
mod live_blocks;
mod maps;
mod mixed;
mod pairs;
mod parked_threads;
mod producer_consumer;
mod thread_churn;
mod threads;
mod zeroed;

use crate::workload::Workload;
#[cfg(feature = "alloc-mudlark-profiled-off")]
pub(crate) use entry::record;

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::new("pairs-16", |scale| pairs::run::<8>(scale.of(PAIRS)))
        .counted(|scale| pairs::loop_alone::<8>(scale.of(PAIRS))),
    Workload::new("pairs-32", |scale| pairs::run::<24>(scale.of(PAIRS)))
        .counted(|scale| pairs::loop_alone::<24>(scale.of(PAIRS))),
    Workload::new("pairs-512", |scale| pairs::run::<504>(scale.of(PAIRS)))
        .counted(|scale| pairs::loop_alone::<504>(scale.of(PAIRS))),
    Workload::new("lifo-32", |scale| lifo::run::<24>(scale.of(LIFO))).counted(|scale| lifo::loop_alone(scale.of(LIFO))),
    Workload::new("lifo-64", |scale| lifo::run::<56>(scale.of(LIFO))).counted(|scale| lifo::loop_alone(scale.of(LIFO))),
    Workload::new("mixed-window", |scale| mixed::run(scale.of(MIXED)))
        .counted(|scale| mixed::loop_alone(scale.of(MIXED))),
    Workload::new("btreemap-strings", |scale| maps::btree(scale.of(1_000_000))),
    Workload::new("hashmap-strings", |scale| maps::hash(scale.of(1_500_000))),
    Workload::new("binary-trees", |scale| binary_trees::run(scale.of(10_000_000))),
    Workload::new("larson", |scale| larson::run(scale.of(8_000_000))),
    Workload::new("producer-consumer", |scale| producer_consumer::run(scale.of(3_000_000))),
    Workload::new("lifetimes-64k", |scale| lifetimes::run(scale.of(2_000_000))),
    Workload::new("grow-two-4k", |scale| growth::two_small(scale.of(10_000_000))),
    Workload::new("grow-one-16m", |scale| growth::one_large(scale.of(4_000))),
    Workload::new("push-16m", |scale| growth::pushes(scale.of(32 << 20))),
    Workload::new("huge-1-8m", |scale| huge::run(scale.of(20_000))),
    Workload::new("json", |scale| json::run(scale.of(2_000_000))),
    Workload::new("zeroed-small", |scale| zeroed::small(scale.of(10_000_000))),
    Workload::new("zeroed-large", |scale| zeroed::large(scale.of(50_000))),
    Workload::new("hold", |scale| hold::hold(scale.held(300_000))).long(),
    Workload::new("refill", |scale| hold::refill(scale.of(300_000), 4)),
    Workload::new("thread-churn", |scale| thread_churn::run(scale.of(5_000))),
    Workload::new("parked-threads", |scale| parked_threads::run(scale.of(40))),
    Workload::new("aligned-64", |scale| aligned::cache_line(scale.of(10_000_000))),
    Workload::new("aligned-4096", |scale| aligned::os_page(scale.of(1_000_000))),
    Workload::new("threads-1", |scale| threads::run::<1>(scale.of(MIXED))),
    Workload::new("threads-2", |scale| threads::run::<2>(scale.of(MIXED))),
    Workload::new("threads-4", |scale| threads::run::<4>(scale.of(MIXED))),
    Workload::new("threads-8", |scale| threads::run::<8>(scale.of(MIXED))),
    Workload::new("threads-16", |scale| threads::run::<16>(scale.of(MIXED))),
    Workload::new("live-1000", |scale| live_blocks::run(1_000, scale.of(LIVE))),
    Workload::new("live-10000", |scale| live_blocks::run(scale.held(10_000), scale.of(LIVE))),
    Workload::new("live-100000", |scale| live_blocks::run(scale.held(100_000), scale.of(LIVE))),
    Workload::new("live-1000000", |scale| live_blocks::run(scale.held(1_000_000), scale.of(LIVE))),
    Workload::new("live-10000000", |scale| live_blocks::run(scale.held(10_000_000), scale.of(LIVE))).long(),
];

// Operations of a full run, where two workloads have as many.
const PAIRS: usize = 40_000_000;
const LIFO: usize = 30_000_000;
const MIXED: usize = 16_000_000;
const LIVE: usize = 4_000_000;
