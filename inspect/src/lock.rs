//! The engine's lock: one that allocates nothing, and that a forked child can get out of.

use core::hint;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use lock_api::{GuardNoSend, RawMutex};

/// A lock that is held for the time of an event or of a write to a file, and waited for by spinning, then by letting others
/// run, then by sleeping.
pub(crate) struct PatientLock {
    is_locked: AtomicBool,
}

impl PatientLock {
    /// Locks it, unless it is time to give up before: then the answer is `false`.
    pub(crate) fn lock_unless(&self, is_hopeless: impl Fn() -> bool) -> bool {
        /// Attempts before others are let run, and before the thread sleeps.
        const SPINS: u32 = 100;
        const YIELDS: u32 = 1000;
        let mut attempts = 0_u32;
        while !self.try_lock() {
            if is_hopeless() {
                return false;
            }
            attempts = attempts.saturating_add(1);
            match attempts {
                0..SPINS => hint::spin_loop(),
                SPINS..YIELDS => std::thread::yield_now(),
                _ => std::thread::sleep(Duration::from_micros(50)),
            }
        }
        true
    }
}

// SAFETY: only who has set `is_locked` has the lock.
unsafe impl RawMutex for PatientLock {
    const INIT: Self = Self { is_locked: AtomicBool::new(false) };
    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        self.lock_unless(|| false);
    }

    fn try_lock(&self) -> bool {
        // Acquire: pairs with the Release in `unlock`.
        !self.is_locked.load(Ordering::Relaxed) && !self.is_locked.swap(true, Ordering::Acquire)
    }

    unsafe fn unlock(&self) {
        self.is_locked.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_thread_at_a_time_has_it() {
        static SUM: lock_api::Mutex<PatientLock, u64> = lock_api::Mutex::new(0);
        let rounds = if cfg!(miri) { 50 } else { 20_000 };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let mut sum = SUM.lock();
                        *sum += 1;
                    }
                });
            }
        });
        assert_eq!(*SUM.lock(), 4 * rounds);
    }
}
