//! A collector in a static: firmware's own, where there are no thread-locals.
//!
//! Objects and their handles belong to one context: a thread, or all that runs outside of interrupt handlers on one
//! processor. Without an operating system nobody tells which context one is in. But a reference to a
//! [`Collector`] does not leave its context, since the type is not `Sync`; so it is enough to hand out one such reference,
//! once, to whoever asks first.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;

#[cfg(not(feature = "critical-section"))]
use core::sync::atomic::AtomicBool;
#[cfg(feature = "critical-section")]
use portable_atomic::AtomicBool;

use crate::collector::Collector;

/// A [`Collector`] in a `static`, which whoever comes first may take, for good.
///
/// It is for programs that have no thread-locals, as firmware: `main` takes it, hands the reference on as it likes, and calls
/// [`Collector::step`] when it is idle.
///
/// ```
/// use mudlark_gc::{Gc, Generation, StaticCollector};
///
/// static COLLECTOR: StaticCollector = StaticCollector::new();
///
/// let collector = COLLECTOR.take().expect("nobody was here before");
/// assert!(COLLECTOR.take().is_none());
///
/// let pair = Gc::new_in((1, Some(Gc::new_in(2, collector))), collector);
/// assert_eq!(collector.collect(Generation::Old), 0);
/// # assert_eq!(pair.0, 1);
/// ```
///
/// The reference stays with the thread, the processor or the interrupt handler that has taken it:
///
/// ```compile_fail,E0277
/// static COLLECTOR: mudlark_gc::StaticCollector = mudlark_gc::StaticCollector::new();
///
/// let collector = COLLECTOR.take().unwrap();
/// std::thread::spawn(move || collector.stats());
/// ```
///
/// Each context that needs one may have a static of its own.
///
/// # Invariants
///
/// `collector` is touched by who has set `taken`, and by those to whom it has passed the reference: in one context.
pub struct StaticCollector {
    taken: AtomicBool,
    collector: UnsafeCell<MaybeUninit<Collector>>,
}

// SAFETY: by the type's invariant, only one context ever reaches the collector.
unsafe impl Sync for StaticCollector {}

impl StaticCollector {
    /// A collector that nobody has taken yet. It needs no memory until then.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is of use only in a static, where Default cannot be called")]
    pub const fn new() -> Self {
        Self { taken: AtomicBool::new(false), collector: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// The collector, for whoever asks first; `None` from then on.
    ///
    /// It is made now, so the heap has to be there. When memory is exhausted it ends the program, as [`Collector::new`]
    /// does.
    pub fn take(&'static self) -> Option<&'static Collector> {
        // Relaxed: nobody else will see what is written below.
        if self.taken.swap(true, Relaxed) {
            return None;
        }
        // SAFETY: by the type's invariant, nobody else has it or will get it.
        let place = unsafe { &mut *self.collector.get() };
        Some(place.write(Collector::new()))
    }
}

impl fmt::Debug for StaticCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCollector").field("taken", &self.taken.load(Relaxed)).finish_non_exhaustive()
    }
}
