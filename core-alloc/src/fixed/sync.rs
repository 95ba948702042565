//! The atomics and cells of what processors and interrupt handlers share, which loom models exchange for others: the only
//! place that knows whether the target exchanges pointers in one instruction.

pub(super) use core::cell::Cell;
pub(super) use core::sync::atomic::Ordering;

#[cfg(target_has_atomic = "ptr")]
pub(super) use core::sync::atomic::{AtomicPtr, AtomicUsize};

#[cfg(not(target_has_atomic = "ptr"))]
pub(super) use masked::{AtomicPtr, AtomicUsize};

/// Whether the target exchanges words, be it in a critical section. Whoever is made of what is here asks first.
pub(super) const CAN_EXCHANGE: bool = cfg!(any(target_has_atomic = "ptr", feature = "critical-section"));

/// Where there are only loads and stores, a critical section of a few instructions exchanges a word.
#[cfg(not(target_has_atomic = "ptr"))]
mod masked {
    use core::sync::atomic::{self, Ordering};

    /// Acts while nobody else does: all changes are made so. Critical sections come one after the other, so that orders within
    /// are for those who only load.
    #[cfg(feature = "critical-section")]
    fn alone<T>(act: impl FnOnce() -> T) -> T {
        critical_section::with(|_| act())
    }

    #[cfg(not(feature = "critical-section"))]
    fn alone<T>(_: impl FnOnce() -> T) -> T {
        unreachable!("nothing is made that exchanges words: see `CAN_EXCHANGE`")
    }

    /// As the standard library's, as far as it is needed here.
    pub(crate) struct AtomicPtr<T>(atomic::AtomicPtr<T>);

    impl<T> AtomicPtr<T> {
        pub(crate) const fn new(value: *mut T) -> Self {
            Self(atomic::AtomicPtr::new(value))
        }

        pub(crate) fn load(&self, order: Ordering) -> *mut T {
            self.0.load(order)
        }

        pub(crate) fn store(&self, value: *mut T, _: Ordering) {
            alone(|| self.0.store(value, Ordering::Release));
        }

        pub(crate) fn swap(&self, value: *mut T, _: Ordering) -> *mut T {
            alone(|| {
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
            alone(|| {
                let old = self.0.load(Ordering::Acquire);
                if old != current {
                    return Err(old);
                }
                self.0.store(new, Ordering::Release);
                Ok(old)
            })
        }
    }

    /// As the standard library's, as far as it is needed here.
    pub(crate) struct AtomicUsize(atomic::AtomicUsize);

    impl AtomicUsize {
        pub(crate) const fn new(value: usize) -> Self {
            Self(atomic::AtomicUsize::new(value))
        }

        pub(crate) fn load(&self, order: Ordering) -> usize {
            self.0.load(order)
        }

        pub(crate) fn store(&self, value: usize, _: Ordering) {
            alone(|| self.0.store(value, Ordering::Release));
        }

        pub(crate) fn fetch_add(&self, value: usize, _: Ordering) -> usize {
            alone(|| {
                let old = self.0.load(Ordering::Acquire);
                self.0.store(old.wrapping_add(value), Ordering::Release);
                old
            })
        }
    }
}
