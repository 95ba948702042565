//! Group region: heaps over a fixed region of memory, without a lock, as a small machine has them.
//!
//! Regions of 16 KiB, 64 KiB, 256 KiB and 16 MiB, aligned to their size, which is what a buddy allocator likes best, and
//! touched before the clock starts. Requests are small (8–512 bytes) or mixed (16 bytes to a quarter of the region, every
//! order of magnitude as likely as another). What is asked for does not depend on what was refused; the checksum is of
//! the requests, and a block whose bytes changed while it was live ends the run.

mod arena;
mod churn;
mod entry;
mod fill;
mod sizes;

use crate::region::sizes::Sizes;
use crate::workload::Workload;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload::new("churn-16k-small", |scale| churn::run(16 * KIB, Sizes::Small, scale.of(400_000))),
    Workload::new("churn-16k-mixed", |scale| churn::run(16 * KIB, Sizes::Mixed, scale.of(400_000))),
    Workload::new("churn-64k-small", |scale| churn::run(64 * KIB, Sizes::Small, scale.of(400_000))),
    Workload::new("churn-64k-mixed", |scale| churn::run(64 * KIB, Sizes::Mixed, scale.of(400_000))),
    Workload::new("churn-256k-small", |scale| churn::run(256 * KIB, Sizes::Small, scale.of(400_000))),
    Workload::new("churn-256k-mixed", |scale| churn::run(256 * KIB, Sizes::Mixed, scale.of(400_000))),
    Workload::new("churn-16m-small", |scale| churn::run(16 * MIB, Sizes::Small, scale.of(400_000))),
    Workload::new("churn-16m-mixed", |scale| churn::run(16 * MIB, Sizes::Mixed, scale.of(400_000))),
    Workload::new("fill-16k-small", |scale| fill::run(16 * KIB, Sizes::Small, scale.of(1000))),
    Workload::new("fill-16k-mixed", |scale| fill::run(16 * KIB, Sizes::Mixed, scale.of(1000))),
    Workload::new("fill-64k-small", |scale| fill::run(64 * KIB, Sizes::Small, scale.of(400))),
    Workload::new("fill-64k-mixed", |scale| fill::run(64 * KIB, Sizes::Mixed, scale.of(400))),
    Workload::new("fill-256k-small", |scale| fill::run(256 * KIB, Sizes::Small, scale.of(100))),
    Workload::new("fill-256k-mixed", |scale| fill::run(256 * KIB, Sizes::Mixed, scale.of(100))),
    Workload::new("fill-16m-small", |scale| fill::run(16 * MIB, Sizes::Small, scale.of(4))),
    Workload::new("fill-16m-mixed", |scale| fill::run(16 * MIB, Sizes::Mixed, scale.of(100))),
];
