//! Which cache is mine: the thread's, in a thread-local.
//!
//! The cache itself has no destructor, so that it is there from a thread's first instruction to its last, and reaching
//! it is one access relative to the thread pointer. A sentinel beside it has one, and is armed with the thread's first
//! refill; when the thread ends, so does the cache. What the thread's other destructors allocate and free after that goes
//! past the cache.

#[cfg(not(all(
    feature = "malloc",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
)))]
#[path = "front/std_locals.rs"]
mod locals;

#[cfg(all(feature = "malloc", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
#[path = "front/initial_exec.rs"]
mod locals;

use super::cache::Cache;

pub(crate) use locals::{arm, with_cache};

/// What tells this thread from all others that live now; not zero.
pub(crate) fn mark() -> usize {
    with_cache(|cache| core::ptr::from_ref::<Cache>(cache).addr())
}
