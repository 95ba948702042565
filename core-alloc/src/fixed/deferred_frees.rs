//! Blocks that were freed while the heap was locked, until whoever has the lock takes them back.
//!
//! ```text
//!   newest ──▶ │ next │ layout │ … │   ──▶ │ next │ layout │ … │
//!                a freed block               one freed before
//! ```
//!
//! The stack is Treiber's (*Systems Programming: Coping with Parallelism*, 1986). Anybody pushes, interrupt handlers in the
//! midst of each other's pushes, too; only who has the heap's lock pops. So a block that is the newest stays so until it is
//! popped or another is pushed, and there is no mistaking one that came back for one that stayed. A loom model
//! (`tests/loom_deferred.rs`) compiles this file with atomics of its own.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::sync::{AtomicPtr, Ordering};

/// What is in the first words of a deferred block.
pub(super) struct Deferred {
    next: *mut Deferred,
    layout: Layout,
}

/// The stack of blocks that wait to be freed.
///
/// # Invariants
///
/// From `newest` on there are blocks that their users parted with, each with a [`Deferred`] at its start.
pub(super) struct DeferredFrees {
    pub(super) newest: AtomicPtr<Deferred>,
}

impl DeferredFrees {
    /// Whether there was nothing to pop a moment ago.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.newest.load(Ordering::Relaxed).is_null()
    }

    /// Keeps a block for whoever pops. Tries again just when another push or a pop came in between.
    ///
    /// # Safety
    ///
    /// The block's user parts with it. `block` may be used for at least three words.
    pub(super) unsafe fn push(&self, block: NonNull<u8>, layout: Layout) {
        let deferred = block.cast::<Deferred>();
        let mut next = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: by the contract, the words are ours; blocks are aligned to more than a word.
            unsafe { deferred.write(Deferred { next, layout }) };
            // Release: who pops it sees these words, and is after the user's last look at the block.
            match self.newest.compare_exchange_weak(next, deferred.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newest) => next = newest,
            }
        }
    }

    /// A block to be freed, and the layout that it was freed with.
    ///
    /// # Safety
    ///
    /// Nobody else pops meanwhile.
    pub(super) unsafe fn pop(&self) -> Option<(NonNull<u8>, Layout)> {
        // Acquire: see `push`. All pushes of what is below exchanged this pointer, too, so that it covers them as well.
        let mut newest = self.newest.load(Ordering::Acquire);
        loop {
            let deferred = NonNull::new(newest)?;
            // SAFETY: by the type's invariant; as nobody else pops, it is still there.
            let Deferred { next, layout } = unsafe { deferred.read() };
            match self.newest.compare_exchange_weak(newest, next, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return Some((deferred.cast(), layout)),
                Err(pushed) => newest = pushed,
            }
        }
    }
}
