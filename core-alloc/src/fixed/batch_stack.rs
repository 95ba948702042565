//! Batches of free blocks, and a lock-free stack that carries them from processor to processor.
//!
//! ```text
//!   stack ──▶ [ next ─┼──▶ [ next ─┼──▶ [ none ]     a batch: blocks of one size class, so many as go together
//!             [ below ]
//!                 │
//!                 ▼
//!             [ next ─┼──▶ [ next ─┼──▶ [ none ]     the batch that was pushed before
//!             [ none  ]
//! ```
//!
//! It is Treiber's stack, but for one thing: who takes, takes all. So nobody ever looks into a block that lies on a
//! stack that others take from, and it does not matter that a block may come back to the top while somebody looks elsewhere.
//!
//! A loom model (`tests/loom_batch_stack.rs`) compiles this file with atomics and cells of its own.

use core::ptr::{self, NonNull};

use super::sync::{AtomicPtr, AtomicUsize, Cell, Ordering};

/// What a free block begins with.
pub(super) struct FreeBlock {
    /// The next block of its batch.
    next: Cell<*mut Self>,
    /// In the first block of a batch: the first block of the next batch.
    below: Cell<*mut Self>,
}

impl FreeBlock {
    /// A block by itself.
    pub(super) fn new() -> Self {
        Self { next: Cell::new(ptr::null_mut()), below: Cell::new(ptr::null_mut()) }
    }
}

/// Free blocks of one size class.
///
/// # Invariants
///
/// `first` is null or leads to a free block, which begins with a [`FreeBlock`], and so on by `next`: to `len` blocks in all,
/// which are nobody else's.
pub(super) struct Batch {
    first: *mut FreeBlock,
    len: usize,
}

impl Batch {
    /// No blocks.
    pub(super) const EMPTY: Self = Self { first: ptr::null_mut(), len: 0 };

    /// How many blocks there are.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a block.
    ///
    /// # Safety
    ///
    /// `block` leads to a [`FreeBlock`], to whose memory nobody else leads, for as long as it is in batches.
    #[inline]
    pub(super) unsafe fn push(&mut self, block: NonNull<FreeBlock>) {
        // SAFETY: by the contract.
        unsafe { block.as_ref() }.next.set(self.first);
        // INVARIANT: the block is free, and leads to the ones that there were.
        self.first = block.as_ptr();
        self.len += 1;
    }

    /// Takes the block out that was added last.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<NonNull<FreeBlock>> {
        let first = NonNull::new(self.first)?;
        // SAFETY: by the type's invariant.
        self.first = unsafe { first.as_ref() }.next.get();
        self.len -= 1;
        Some(first)
    }
}

/// Batches that are nobody else's.
///
/// # Invariants
///
/// `first` is null or leads to the first block of a batch, and so on by `below`; all of one length.
pub(super) struct Batches {
    first: *mut FreeBlock,
}

impl Batches {
    /// No batches.
    pub(super) const EMPTY: Self = Self { first: ptr::null_mut() };

    /// Whether there is none.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Adds a batch, of the length that all have.
    pub(super) fn push(&mut self, batch: Batch) {
        // SAFETY: by the batch's invariant; one without blocks adds nothing.
        let Some(first) = (unsafe { batch.first.as_ref() }) else { return };
        first.below.set(self.first);
        self.first = batch.first;
    }

    /// Takes out a batch, of `len` blocks as all have.
    pub(super) fn pop(&mut self, len: usize) -> Option<Batch> {
        // SAFETY: by the type's invariant.
        let first = unsafe { self.first.as_ref() }?;
        let batch = Batch { first: self.first, len };
        self.first = first.below.get();
        Some(batch)
    }
}

/// A lock-free stack of batches.
///
/// # Invariants
///
/// `top` is as [`Batches`] has it; what it leads to is nobody else's.
pub(super) struct BatchStack {
    pub(super) top: AtomicPtr<FreeBlock>,
    /// How many batches there are. Too few, if some were pushed while others were taken; but none, if there are none and
    /// nobody is pushing.
    pub(super) count: AtomicUsize,
}

impl BatchStack {
    /// About how many batches there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        // Relaxed: nothing depends on it but how many there will be.
        self.count.load(Ordering::Relaxed)
    }

    /// Puts a batch on top, of the length that all have.
    pub(super) fn push(&self, batch: Batch) {
        // SAFETY: by the batch's invariant; one without blocks adds nothing.
        let Some(first) = (unsafe { batch.first.as_ref() }) else { return };
        // Before the batch is there: so it is seen by who takes the batch, and counts it no more.
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            first.below.set(top);
            // Release: who takes the batch, by the Acquire in `take_all`, sees its links, and may write where others have
            // read and written before they freed the blocks. Those below it are seen, too: an exchange continues the
            // release of the one that put them there.
            match self.top.compare_exchange_weak(top, batch.first, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => top = other,
            }
        }
    }

    /// Takes all batches.
    pub(super) fn take_all(&self) -> Batches {
        // Looking first leaves the cache line with those who push, as long as there is nothing to take.
        if self.top.load(Ordering::Relaxed).is_null() {
            return Batches::EMPTY;
        }
        // Acquire: it pairs with the Release in `push`.
        let first = self.top.swap(ptr::null_mut(), Ordering::Acquire);
        self.count.store(0, Ordering::Relaxed);
        // INVARIANT: nobody else finds them any more.
        Batches { first }
    }
}
