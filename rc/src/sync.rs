//! Which atomics [`Atomic`](crate::Atomic) counts with: the only place that knows loom and `portable-atomic`.

#[cfg(all(not(loom), not(feature = "critical-section")))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32};
#[cfg(all(not(loom), feature = "critical-section"))]
pub(crate) use portable_atomic::{AtomicPtr, AtomicU32};

/// Lets another thread go on for which this one waits.
pub(crate) fn relax() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    core::hint::spin_loop();
}
