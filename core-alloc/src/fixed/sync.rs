//! The atomics and cells of what processors and interrupt handlers share, which loom models exchange for others: the only
//! place that knows whether the target exchanges pointers in one instruction.

#[cfg(target_has_atomic = "ptr")]
pub(super) use core::cell::Cell;
pub(super) use core::sync::atomic::Ordering;

#[cfg(target_has_atomic = "ptr")]
pub(super) use core::sync::atomic::{AtomicPtr, AtomicUsize};

#[cfg(not(target_has_atomic = "ptr"))]
pub(super) use masked::AtomicPtr;

/// Where there are only loads and stores, a critical section of a few instructions exchanges a pointer.
#[cfg(not(target_has_atomic = "ptr"))]
mod masked {
    use core::sync::atomic::{self, Ordering};

    /// As the standard library's, as far as it is needed here.
    pub(crate) struct AtomicPtr<T>(atomic::AtomicPtr<T>);

    impl<T> AtomicPtr<T> {
        pub(crate) const fn new(value: *mut T) -> Self {
            Self(atomic::AtomicPtr::new(value))
        }

        pub(crate) fn load(&self, order: Ordering) -> *mut T {
            self.0.load(order)
        }

        pub(crate) fn store(&self, value: *mut T, order: Ordering) {
            self.0.store(value, order);
        }

        /// Critical sections come one after the other; the orders within are for those who only load or store.
        pub(crate) fn swap(&self, value: *mut T, _: Ordering) -> *mut T {
            critical_section::with(|_| {
                let old = self.0.load(Ordering::Acquire);
                self.0.store(value, Ordering::Release);
                old
            })
        }

        pub(crate) fn compare_exchange_weak(
            &self,
            current: *mut T,
            new: *mut T,
            _: Ordering,
            _: Ordering,
        ) -> Result<*mut T, *mut T> {
            critical_section::with(|_| {
                let old = self.0.load(Ordering::Acquire);
                if old != current {
                    return Err(old);
                }
                self.0.store(new, Ordering::Release);
                Ok(old)
            })
        }
    }
}
