//! The cache in std's thread-locals.
//!
//! This wants thread-locals by the compiler (`#[thread_local]` underneath); all common systems have them.

use crate::hosted::cache::Cache;

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

/// Makes sure that the cache ends with the thread; `false` when that has happened already.
///
/// May allocate and free.
pub(crate) fn arm() -> bool {
    SENTINEL.try_with(|_| ()).is_ok()
}
