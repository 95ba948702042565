//! How counts are kept: [`Local`] in plain memory, for one thread, or [`Atomic`]ally, for many.
//!
//! Everything that counts is written once, over [`Counts`]. What it computes, it computes as atomics have to: read, decide,
//! and exchange only if nobody came in between. In plain memory nobody does, so there an exchange is a store, and the
//! compiler leaves the loops around it out.

use core::cell::Cell;
use core::fmt::Debug;
use core::sync::atomic::Ordering;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// How a handle's counts are kept: the type parameter that tells [`Counted`](crate::Counted) from
/// [`SyncCounted`](crate::SyncCounted).
///
/// It is not for others to implement.
pub trait Counts: Sealed + Copy + Debug + 'static {
    /// A pointer that handles share.
    #[doc(hidden)]
    type Pointer<P>: PointerCell<P>;
    /// A number that handles share.
    #[doc(hidden)]
    type Number: NumberCell;

    /// Waits a moment for another thread.
    #[doc(hidden)]
    fn relax();
}

/// A shared pointer.
#[doc(hidden)]
pub trait PointerCell<P> {
    fn new(pointer: *mut P) -> Self;
    fn load(&self, order: Ordering) -> *mut P;
    fn store(&self, pointer: *mut P, order: Ordering);

    /// Makes `new` of `current`.
    ///
    /// # Errors
    ///
    /// What there was instead. With atomics, it may also be `current` itself.
    fn exchange(&self, current: *mut P, new: *mut P, order: Ordering) -> Result<(), *mut P>;
}

/// A shared number.
#[doc(hidden)]
pub trait NumberCell {
    fn new(number: u32) -> Self;
    fn load(&self, order: Ordering) -> u32;
    fn store(&self, number: u32, order: Ordering);

    /// Makes `new` of `current`.
    ///
    /// # Errors
    ///
    /// What there was instead. With atomics, it may also be `current` itself.
    fn exchange(&self, current: u32, new: u32, order: Ordering) -> Result<(), u32>;
}

/// Counts in plain memory: handles stay on their thread.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Sealed for Local {}
impl Counts for Local {
    type Pointer<P> = Cell<*mut P>;
    type Number = Cell<u32>;

    fn relax() {}
}

impl<P> PointerCell<P> for Cell<*mut P> {
    #[inline(always)]
    fn new(pointer: *mut P) -> Self {
        Self::new(pointer)
    }

    #[inline(always)]
    fn load(&self, _: Ordering) -> *mut P {
        self.get()
    }

    #[inline(always)]
    fn store(&self, pointer: *mut P, _: Ordering) {
        self.set(pointer);
    }

    #[inline(always)]
    fn exchange(&self, _: *mut P, new: *mut P, _: Ordering) -> Result<(), *mut P> {
        self.set(new);
        Ok(())
    }
}

impl NumberCell for Cell<u32> {
    #[inline(always)]
    fn new(number: u32) -> Self {
        Self::new(number)
    }

    #[inline(always)]
    fn load(&self, _: Ordering) -> u32 {
        self.get()
    }

    #[inline(always)]
    fn store(&self, number: u32, _: Ordering) {
        self.set(number);
    }

    #[inline(always)]
    fn exchange(&self, _: u32, new: u32, _: Ordering) -> Result<(), u32> {
        self.set(new);
        Ok(())
    }
}

/// Counts by atomic instructions: handles may cross threads.
#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
#[derive(Clone, Copy, Debug)]
pub struct Atomic;

#[cfg(any(target_has_atomic = "ptr", feature = "critical-section"))]
mod atomic {
    use core::sync::atomic::Ordering::{self, Relaxed};

    use super::{Atomic, Counts, NumberCell, PointerCell, Sealed};
    use crate::sync::{self, AtomicPtr, AtomicU32};

    impl Sealed for Atomic {}
    impl Counts for Atomic {
        type Pointer<P> = AtomicPtr<P>;
        type Number = AtomicU32;

        fn relax() {
            sync::relax();
        }
    }

    impl<P> PointerCell<P> for AtomicPtr<P> {
        #[inline(always)]
        fn new(pointer: *mut P) -> Self {
            Self::new(pointer)
        }

        #[inline(always)]
        fn load(&self, order: Ordering) -> *mut P {
            self.load(order)
        }

        #[inline(always)]
        fn store(&self, pointer: *mut P, order: Ordering) {
            self.store(pointer, order);
        }

        #[inline(always)]
        fn exchange(&self, current: *mut P, new: *mut P, order: Ordering) -> Result<(), *mut P> {
            // Who is told what there was instead reads it as by `load(Relaxed)`.
            self.compare_exchange_weak(current, new, order, Relaxed).map(drop)
        }
    }

    impl NumberCell for AtomicU32 {
        #[inline(always)]
        fn new(number: u32) -> Self {
            Self::new(number)
        }

        #[inline(always)]
        fn load(&self, order: Ordering) -> u32 {
            self.load(order)
        }

        #[inline(always)]
        fn store(&self, number: u32, order: Ordering) {
            self.store(number, order);
        }

        #[inline(always)]
        fn exchange(&self, current: u32, new: u32, order: Ordering) -> Result<(), u32> {
            self.compare_exchange_weak(current, new, order, Relaxed).map(drop)
        }
    }
}
