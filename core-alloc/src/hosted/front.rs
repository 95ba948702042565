//! Which cache is mine: the thread's, in two std thread-locals.
//!
//! The cache itself has no destructor, so that it is there from a thread's first instruction to its last, and reaching
//! it is one access relative to the thread pointer. A sentinel beside it has one, and is armed with the thread's first
//! refill; when it is dropped, the cache ends. What the thread's other destructors allocate and free after that goes
//! past the cache.
//!
//! This wants thread-locals by the compiler (`#[thread_local]` underneath); all common systems have them.

use super::cache::Cache;

std::thread_local! {
    static CACHE: Cache = const { Cache::new() };
    static SENTINEL: Sentinel = const { Sentinel };
}

/// The witness of a thread's end.
struct Sentinel;

impl Drop for Sentinel {
    fn drop(&mut self) {
        with_cache(Cache::end);
    }
}

/// Calls `f` with this thread's cache.
#[inline]
pub(crate) fn with_cache<R>(f: impl FnOnce(&Cache) -> R) -> R {
    CACHE.with(f)
}

/// What tells this thread from all others that live now; not zero.
pub(crate) fn mark() -> usize {
    with_cache(|cache| core::ptr::from_ref(cache).addr())
}

/// Makes sure that the cache ends with the thread; `false` when that has happened already.
///
/// May allocate and free.
pub(crate) fn arm() -> bool {
    SENTINEL.try_with(|_| ()).is_ok()
}
