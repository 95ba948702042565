//! The collector under test, chosen by a feature.

#[cfg(feature = "gc-bacon-rajan-cc")]
#[path = "bacon_rajan_cc.rs"]
mod chosen;
#[cfg(feature = "gc-boa-gc")]
#[path = "boa_gc.rs"]
mod chosen;
#[cfg(feature = "gc-dumpster")]
#[path = "dumpster.rs"]
mod chosen;
#[cfg(feature = "gc-gc")]
#[expect(non_local_definitions, reason = "the crate's derive is older than the lint")]
#[path = "gc.rs"]
mod chosen;
#[cfg(feature = "gc-gc-arena")]
#[path = "gc_arena.rs"]
mod chosen;
#[cfg(feature = "gc-mudlark")]
#[path = "mudlark.rs"]
mod chosen;
#[cfg(feature = "gc-rust-cc")]
#[path = "rust_cc.rs"]
mod chosen;

pub(crate) use chosen::Entry;
