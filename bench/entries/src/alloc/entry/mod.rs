//! The allocator under test, chosen by a feature: the global allocator of this program.
//!
//! `GIVE_BACK` is what a program may call to have all that can be given back to the operating system given back, where an
//! allocator offers that. Only `hold` calls it.

#[cfg(feature = "alloc-jemalloc")]
#[path = "jemalloc.rs"]
mod chosen;
#[cfg(feature = "alloc-mimalloc")]
#[path = "mimalloc.rs"]
mod chosen;
#[cfg(feature = "alloc-mudlark")]
#[path = "mudlark.rs"]
mod chosen;
#[cfg(feature = "alloc-mudlark-profiled-off")]
#[path = "profiled.rs"]
mod chosen;
#[cfg(feature = "alloc-rusty-alloc")]
#[path = "rusty_alloc.rs"]
mod chosen;
#[cfg(feature = "alloc-snmalloc")]
#[path = "snmalloc.rs"]
mod chosen;
#[cfg(feature = "alloc-system")]
#[path = "system.rs"]
mod chosen;
#[cfg(feature = "alloc-talc")]
#[path = "talc.rs"]
mod chosen;

pub(crate) use chosen::GIVE_BACK;
#[cfg(feature = "alloc-mudlark-profiled-off")]
pub(crate) use chosen::record;
