//! The global allocator: 64 KiB in a static, shared with interrupt handlers; where there are two processors, with a cache for
//! each in front. What it does is told to the hooks of `profile`.

use mudlark_core_alloc::{CriticalSectionLock, StaticRegion};

static MEMORY: StaticRegion<{ 64 * 1024 }, CriticalSectionLock> = StaticRegion::new();

#[cfg(not(several_processors))]
mod chosen {
    use mudlark_core_alloc::{CriticalSectionLock, LockedHeap};
    use mudlark_hooks::Hooked;

    use crate::profile::{self, Told};

    #[global_allocator]
    pub(super) static HEAP: Hooked<LockedHeap<CriticalSectionLock>, Told> =
        Hooked::new(LockedHeap::with_region(&super::MEMORY), profile::told());

    pub(super) fn shared() -> &'static LockedHeap<CriticalSectionLock> {
        HEAP.allocator()
    }

    pub fn collect() {}
}

#[cfg(several_processors)]
mod chosen {
    use mudlark_core_alloc::{Cpus, CriticalSectionLock, LockedHeap, PerCpuHeap};
    use mudlark_hooks::Hooked;

    use crate::board;
    use crate::profile::{self, Told};

    #[global_allocator]
    pub(super) static HEAP: Hooked<PerCpuHeap<Processors, 2, CriticalSectionLock>, Told> =
        Hooked::new(PerCpuHeap::with_region(&super::MEMORY), profile::told());

    /// This machine's.
    pub struct Processors;

    /// Interrupts are off until this is dropped, if they were on before.
    pub struct InterruptsOff {
        were_on: bool,
    }

    impl Drop for InterruptsOff {
        fn drop(&mut self) {
            if self.were_on {
                // SAFETY: they were on when this was made.
                unsafe { board::interrupts_on() };
            }
        }
    }

    // SAFETY: there are no threads, so with interrupts off nobody else gets the processor; each has its own number.
    unsafe impl Cpus for Processors {
        type Guard = InterruptsOff;

        fn stay() -> InterruptsOff {
            InterruptsOff { were_on: board::interrupts_off() }
        }

        fn cpu_index() -> usize {
            board::this_processor() as usize
        }

        // What one processor keeps, the other cannot have, and there are just 64 KiB.
        const BATCH_BYTES: usize = 512;
        const DEPOT: usize = 2;
    }

    pub(super) fn shared() -> &'static LockedHeap<CriticalSectionLock> {
        HEAP.allocator().shared()
    }

    pub fn collect() {
        HEAP.allocator().collect();
    }

    /// Empties the second processor's cache.
    ///
    /// # Safety
    ///
    /// That processor is at rest.
    pub unsafe fn collect_of_second() {
        // SAFETY: the caller's promise.
        unsafe { HEAP.allocator().collect_of(1) };
    }
}

#[cfg(several_processors)]
pub use chosen::{Processors, collect_of_second};

/// Empties this processor's cache.
pub use chosen::collect;

/// The heap, to be asked what it has.
pub fn shared() -> &'static mudlark_core_alloc::LockedHeap<CriticalSectionLock> {
    chosen::shared()
}

/// Who is told what it does.
#[cfg(feature = "profile")]
pub fn told() -> &'static crate::profile::Told {
    chosen::HEAP.hooks()
}
