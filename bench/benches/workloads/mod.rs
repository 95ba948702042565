//! What both bench programs measure. The workloads are the race's own; each program has one global allocator, as a real
//! one has, so that calls inline (or do not) as they would there.
#![expect(dead_code, reason = "the race has more workloads and more figures")]

#[path = "../../entries/src/alloc/binary_trees.rs"]
mod binary_trees;
#[path = "../../entries/src/block.rs"]
pub(crate) mod block;
#[path = "../../entries/src/alloc/growth.rs"]
mod growth;
#[path = "../../entries/src/alloc/mixed.rs"]
mod mixed;
#[path = "../../entries/src/outcome.rs"]
pub(crate) mod outcome;
#[path = "../../entries/src/alloc/pairs.rs"]
mod pairs;
#[path = "../../entries/src/alloc/producer_consumer.rs"]
mod producer_consumer;
#[path = "../../entries/src/random.rs"]
pub(crate) mod random;

use core::time::Duration;

use criterion::{Criterion, Throughput};

use self::outcome::Outcome;

/// A workload: does about as many operations as it is told.
type Run = fn(usize) -> Outcome;

const WORKLOADS: [(&str, Run); 6] = [
    ("pairs-16", pairs::run::<8>),
    ("mixed-window", mixed::run),
    ("binary-trees", binary_trees::run),
    ("grow-two-4k", growth::two_small),
    ("push-16m", growth::pushes),
    ("producer-consumer", producer_consumer::run),
];

/// Measures every workload, as `workload/allocator`.
pub(crate) fn bench(allocator: &str) {
    let mut criterion = Criterion::default().configure_from_args().warm_up_time(Duration::from_secs(1)).sample_size(20);
    for (workload, run) in WORKLOADS {
        let mut group = criterion.benchmark_group(workload);
        group.throughput(Throughput::Elements(1));
        group.bench_function(allocator, |bencher| bencher.iter_custom(|operations| time_of(run, operations)));
        group.finish();
    }
    criterion.final_summary();
}

/// The time of `operations` operations. Some workloads come in large pieces and do a few more: those are taken out.
fn time_of(run: Run, operations: u64) -> Duration {
    let wanted = usize::try_from(operations).expect("as many operations as memory has bytes");
    let Outcome { operations: done, elapsed, checksum, .. } = run(wanted);
    core::hint::black_box(checksum);
    elapsed.mul_f64(wanted as f64 / done as f64)
}
