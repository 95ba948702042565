//! Mudlark's `LockedHeap` in a critical section, as a program's global allocator is.

use core::alloc::{GlobalAlloc, Layout};

use critical_section::RestoreState;
use mudlark_core_alloc::LockedHeap;
use mudlark_core_alloc::lock_api::{GuardNoSend, RawMutex};

use super::Heap;

pub(crate) type Entry = LockedHeap<CriticalSection>;

/// A lock for one core, whose holder is not interrupted.
pub(crate) struct CriticalSection(core::cell::Cell<Option<RestoreState>>);

// SAFETY: the only core touches the cell in a critical section.
unsafe impl Sync for CriticalSection {}

// SAFETY: whoever holds the lock is not interrupted, and does not lock twice.
unsafe impl RawMutex for CriticalSection {
    const INIT: Self = Self(core::cell::Cell::new(None));
    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        // SAFETY: `unlock` is the other half.
        self.0.set(Some(unsafe { critical_section::acquire() }));
    }

    fn try_lock(&self) -> bool {
        self.lock();
        true
    }

    unsafe fn unlock(&self) {
        if let Some(state) = self.0.take() {
            // SAFETY: it came from `acquire`.
            unsafe { critical_section::release(state) };
        }
    }
}

impl Heap for Entry {
    const NEW: Self = Self::new();

    unsafe fn give(&mut self, start: *mut u8, size: usize) -> bool {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.add_region(start, size) }.is_ok()
    }

    fn request(&mut self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is not empty.
        unsafe { self.alloc(layout) }
    }

    unsafe fn release(&mut self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.dealloc(block, layout) };
    }
}
