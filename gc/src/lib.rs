//! `Gc<T>`: a counted pointer whose cycles are found.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod catch;
mod collection;
mod collector;
mod finalize;
mod forward;
mod gc;
mod generation;
mod introspect;
mod memory;
mod object;
mod observe;
mod partition;
mod release;
mod stats;
mod thresholds;
mod trace;
mod types;
mod weak;

pub use collector::Collector;
pub use finalize::Finalize;
pub use gc::{Gc, OutOfMemory};
pub use generation::{Generation, NoSuchGeneration};
pub use observe::{CollectionEvent, ObserverId, Phase};
pub use stats::{GenerationStats, Stats};
pub use trace::{Trace, Tracer};
pub use weak::WeakGc;

#[cfg(feature = "derive")]
pub use mudlark_gc_derive::Trace;
