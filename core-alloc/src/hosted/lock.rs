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
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering, compiler_fence};
use core::time::Duration;

use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::RelaxStrategy;

use super::fork;
use super::front;
use super::janitor::{self, STANDSTILL};
use super::source;

/// A short lock around a `T`, which lets a thread that forks in, since that holds all locks.
pub(crate) struct Lock<T> {
    mutex: SpinMutex<T, YieldToOs>,
    /// Whether it is the janitor who has locked it.
    is_janitors: AtomicBool,
}

/// The right to use what a [`Lock`] guards.
///
/// # Invariants
///
/// The mutex is locked by this thread: for this guard if `unlocks`, and for the time of a fork otherwise. There is no
/// other guard of it: a thread that forks holds the locks without guards, and nobody locks what he has a guard of.
pub(crate) struct Guard<'a, T> {
    lock: &'a Lock<T>,
    unlocks: bool,
    /// A guard stays with its thread.
    _not_send: PhantomData<*mut T>,
}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { mutex: SpinMutex::new(value), is_janitors: AtomicBool::new(false) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let unlocks = !fork::is_forking();
        if unlocks {
            front::with_cache(|cache| cache.locks().increment());
            if janitor::is_here() {
                self.lock_as_janitor();
            } else {
                mem::forget(self.spin().unwrap_or_else(|| self.wait(|| self.mutex.try_lock())));
            }
        }
        // INVARIANT: just locked, or held for the fork.
        Guard { lock: self, unlocks, _not_send: PhantomData }
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
        Some(Guard { lock: self, unlocks: true, _not_send: PhantomData })
    }

    /// The janitor locks it: for a signal handler that forks, he stands still between his tries.
    fn lock_as_janitor(&self) {
        STANDSTILL.rest();
        let try_at_work = || {
            let guard = STANDSTILL.try_work().then(|| self.spin())?;
            if guard.is_none() {
                STANDSTILL.rest();
            }
            guard
        };
        mem::forget(try_at_work().unwrap_or_else(|| self.wait(try_at_work)));
        self.is_janitors.store(true, Ordering::Relaxed);
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
    fn wait<'a>(
        &'a self,
        attempt: impl Fn() -> Option<SpinMutexGuard<'a, T, YieldToOs>>,
    ) -> SpinMutexGuard<'a, T, YieldToOs> {
        const YIELDS: u32 = 1000;
        const SLEEP: Duration = Duration::from_micros(50);
        let mut round = 0_u32;
        loop {
            if let Some(guard) = attempt() {
                return guard;
            }
            if round < YIELDS {
                round += 1;
                YieldToOs::relax();
            } else {
                source::sleep(SLEEP);
            }
        }
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

    /// Lets go of it in a forked child, if the janitor of the parent has locked it.
    ///
    /// # Safety
    ///
    /// He stood still while the process forked.
    pub(crate) unsafe fn let_go_if_janitors(&self) {
        if self.is_janitors.swap(false, Ordering::Relaxed) {
            // SAFETY: he is not there any more, and what he has left is whole.
            unsafe { self.mutex.force_unlock() };
        }
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
        unsafe { &*self.lock.mutex.as_mut_ptr() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.mutex.as_mut_ptr() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if !self.unlocks {
            return;
        }
        let is_janitors = self.lock.is_janitors.load(Ordering::Relaxed);
        if is_janitors {
            self.lock.is_janitors.store(false, Ordering::Relaxed);
        }
        // SAFETY: by the type's invariant, it was locked for this guard.
        unsafe { self.lock.mutex.force_unlock() };
        let left = front::with_cache(|cache| cache.locks().decrement());
        if is_janitors && left == 0 {
            STANDSTILL.rest();
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

    /// The thread has unlocked one. Returns the number that is left.
    pub(crate) fn decrement(&self) -> u32 {
        compiler_fence(Ordering::SeqCst);
        let left = self.0.load(Ordering::Relaxed) - 1;
        self.0.store(left, Ordering::Relaxed);
        left
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

#[cfg(all(test, unix, not(miri)))]
mod tests {
    use core::sync::atomic::Ordering::SeqCst;
    use std::thread;

    use super::*;

    /// What a handler finds that forks while the janitor has one lock, and waits for another that the interrupted thread has.
    #[test]
    fn a_forked_child_gets_what_the_janitor_had() {
        static HIS: Lock<u32> = Lock::new(0);
        static WANTED: Lock<()> = Lock::new(());
        static HAS_LOCKED: AtomicBool = AtomicBool::new(false);
        let wanted = WANTED.lock();
        let janitor = thread::spawn(|| {
            janitor::as_janitor(|| {
                let mut his = HIS.lock();
                *his = 1;
                HAS_LOCKED.store(true, SeqCst);
                let _wanted = WANTED.lock();
                *his = 2;
            });
        });
        wait_until(|| HAS_LOCKED.load(SeqCst));
        STANDSTILL.request();
        wait_until(|| STANDSTILL.is_granted());
        // SAFETY: the child calls nothing but what it may between threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: he stands still.
            unsafe { HIS.let_go_if_janitors() };
            // SAFETY: as above; this lock is not his.
            unsafe { WANTED.let_go_if_janitors() };
            let found = HIS.try_lock().map(|his| *his);
            let ends_well = found == Some(1) && WANTED.try_lock().is_none();
            // SAFETY: a process may end at any time.
            unsafe { libc::_exit(i32::from(!ends_well)) };
        }
        let mut status = -1;
        // SAFETY: there is a place for the status.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
        STANDSTILL.release();
        drop(wanted);
        janitor.join().expect("a thread that ends well");
        assert_eq!(*HIS.lock(), 2);
    }
}
