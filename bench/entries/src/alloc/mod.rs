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
mod maps;
mod mixed;
mod pairs;
mod producer_consumer;
mod scaling;
mod thread_churn;
mod zeroed;

use crate::workload::Workload;

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::counted_too("pairs-16", |scale| pairs::run::<8>(scale.of(40_000_000))),
    Workload::counted_too("pairs-64", |scale| pairs::run::<56>(scale.of(40_000_000))),
    Workload::counted_too("pairs-512", |scale| pairs::run::<504>(scale.of(40_000_000))),
    Workload::counted_too("lifo-runs", |scale| lifo::run(scale.of(30_000_000))),
    Workload::counted_too("mixed-window", |scale| mixed::run(scale.of(10_000_000))),
    Workload::new("btreemap-strings", |scale| maps::btree(scale.of(1_000_000))),
    Workload::new("hashmap-strings", |scale| maps::hash(scale.of(1_500_000))),
    Workload::new("binary-trees", |scale| binary_trees::run(scale.of(10_000_000))),
    Workload::new("larson", |scale| larson::run(scale.of(8_000_000))),
    Workload::new("producer-consumer", |scale| producer_consumer::run(scale.of(3_000_000))),
    Workload::new("lifetimes-64k", |scale| lifetimes::run(scale.of(2_000_000))),
    Workload::new("grow-small-vecs", |scale| growth::small(scale.of(100_000_000))),
    Workload::new("grow-large-vec", |scale| growth::large(scale.of(32 << 20))),
    Workload::new("huge-1-8m", |scale| huge::run(scale.of(20_000))),
    Workload::new("json", |scale| json::run(scale.of(2_000_000))),
    Workload::new("zeroed-small", |scale| zeroed::small(scale.of(10_000_000))),
    Workload::new("zeroed-large", |scale| zeroed::large(scale.of(3_000))),
    Workload::new("hold-a-tenth", |scale| hold::run(scale.of(400_000))),
    Workload::new("thread-churn", |scale| thread_churn::run(scale.of(5_000))),
    Workload::new("aligned-64", |scale| aligned::cache_line(scale.of(10_000_000))),
    Workload::new("aligned-4096", |scale| aligned::os_page(scale.of(1_000_000))),
    Workload::new("threads-1", |scale| scaling::run::<1>(scale.of(40_000_000))),
    Workload::new("threads-2", |scale| scaling::run::<2>(scale.of(40_000_000))),
    Workload::new("threads-4", |scale| scaling::run::<4>(scale.of(40_000_000))),
    Workload::new("threads-8", |scale| scaling::run::<8>(scale.of(40_000_000))),
];
