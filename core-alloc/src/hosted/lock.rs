//! The one kind of lock, and the order in which locks are taken.
//!
//! A lock is held for the time of a refill or a flush, never while the program's own code runs, but for a fork: then
//! one thread holds all locks, while [other handlers](super::fork) of the program may run on that thread. Only a pass of
//! the janitor, and what else gives memory back to the system, may take longer: only others of the kind, or a fork, wait
//! for that. A std mutex may allocate on some
//! systems, so this spins, and yields to the system when it does.
//!
//! The order, which keeps threads from waiting for each other in a circle:
//!
//! ```text
//!   a pass of the janitor  ─▶  the list of owners  ─▶  one owner's heap  ─▶  the regions
//! ```
//!
//! A thread that holds one may take those to its right; nobody holds the heaps of two owners, but who forks: it holds all.

use core::hint;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};
use core::time::Duration;

use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::RelaxStrategy;

use super::fork;
use super::front;
use super::source;

/// A short lock around a `T`, which lets a thread that forks in, since that holds all locks.
pub(crate) struct Lock<T> {
    mutex: SpinMutex<T, YieldToOs>,
}

/// The right to use what a [`Lock`] guards.
///
/// # Invariants
///
/// The mutex is locked by this thread: for this guard if `unlocks`, and for the time of a fork otherwise. There is no
/// other guard of it: a thread that forks holds the locks without guards, and nobody locks what he has a guard of.
pub(crate) struct Guard<'a, T> {
    mutex: &'a SpinMutex<T, YieldToOs>,
    unlocks: bool,
    /// A guard stays with its thread.
    _not_send: PhantomData<*mut T>,
}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { mutex: SpinMutex::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let unlocks = !fork::is_forking();
        if unlocks {
            front::with_cache(|cache| cache.locks().increment());
            mem::forget(self.spin().unwrap_or_else(|| self.wait()));
        }
        // INVARIANT: just locked, or held for the fork.
        Guard { mutex: &self.mutex, unlocks, _not_send: PhantomData }
    }

    /// Locks it if nobody has; not between a fork's handlers.
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        if fork::is_forking() {
            return None;
        }
        front::with_cache(|cache| cache.locks().increment());
        let Some(guard) = self.mutex.try_lock() else {
            front::with_cache(|cache| cache.locks().decrement());
            return None;
        };
        mem::forget(guard);
        // INVARIANT: just locked.
        Some(Guard { mutex: &self.mutex, unlocks: true, _not_send: PhantomData })
    }

    /// Tries for as long as a lock is mostly held, without a call of the system.
    fn spin(&self) -> Option<SpinMutexGuard<'_, T, YieldToOs>> {
        const TRIES: u32 = 50;
        (0..TRIES).find_map(|_| {
            let guard = self.mutex.try_lock();
            if guard.is_none() {
                hint::spin_loop();
            }
            guard
        })
    }

    /// Waits while others run. In the end it sleeps, since the holder may be a thread of lower priority, to whom nobody
    /// yields.
    fn wait(&self) -> SpinMutexGuard<'_, T, YieldToOs> {
        const YIELDS: u32 = 1000;
        const SLEEP: Duration = Duration::from_micros(50);
        for round in 0_u32.. {
            if let Some(guard) = self.mutex.try_lock() {
                return guard;
            }
            if round < YIELDS {
                YieldToOs::relax();
            } else {
                source::sleep(SLEEP);
            }
        }
        self.mutex.lock()
    }

    /// Locks until [`let_go`](Self::let_go).
    pub(crate) fn hold(&self) {
        self.lock().keep();
    }

    /// Undoes [`hold`](Self::hold).
    ///
    /// # Safety
    ///
    /// This thread called [`hold`](Self::hold) and has not let go since, or nobody else can know of the lock.
    pub(crate) unsafe fn let_go(&self) {
        // SAFETY: by the caller's promise; no guard is left.
        unsafe { self.mutex.force_unlock() };
    }
}

impl<T> Guard<'_, T> {
    /// Has the lock stay locked until [`let_go`](Lock::let_go), which does not count as one that the thread has.
    pub(crate) fn keep(self) {
        if self.unlocks {
            front::with_cache(|cache| cache.locks().decrement());
        }
        mem::forget(self);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the type's invariant, nobody else uses the value.
        unsafe { &*self.mutex.as_mut_ptr() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.mutex.as_mut_ptr() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if self.unlocks {
            // SAFETY: by the type's invariant, it was locked for this guard.
            unsafe { self.mutex.force_unlock() };
            front::with_cache(|cache| cache.locks().decrement());
        }
    }
}

/// How many locks a thread has or waits for: never less than that, whatever instruction a signal interrupts.
pub(crate) struct LockCount(AtomicU32);

// Relaxed: only the thread itself and its signal handlers look here. The fences are for these.
impl LockCount {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The thread is about to lock one.
    pub(crate) fn increment(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// The thread has unlocked one.
    pub(crate) fn decrement(&self) {
        compiler_fence(Ordering::SeqCst);
        self.0.store(self.0.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits until `done`, for which another thread will see.
pub(crate) fn wait_until(done: impl Fn() -> bool) {
    while !done() {
        wait_a_little();
    }
}

/// Lets other threads run.
pub(crate) fn wait_a_little() {
    YieldToOs::relax();
}

/// Waiting by letting others run: the holder may be a thread that the system has put aside.
struct YieldToOs;

impl RelaxStrategy for YieldToOs {
    fn relax() {
        std::thread::yield_now();
    }
}
