//! A heap's depot: magazines that a thread's bins had no room for, kept whole.
//!
//! A program that frees much and then allocates as much again would otherwise see each block go home to its page's map
//! and come out of there again. What goes in and out of a depot costs the same however many blocks it is.
//!
//! The magazines are those of the heap's own thread, and of other threads that free what this one has allocated: so
//! between a thread that produces and one that consumes, whole magazines go round. After Bonwick and Adams, «Magazines
//! and Vmem» (2001), whose depots are one for all threads.

use super::bins::magazine;
use super::block::{Batch, FreeList, ListStack};
use crate::SizeClass;

/// Whole magazines, by class.
///
/// # Invariants
///
/// Every list has a [`magazine`] of blocks of its class. `counts` is their number, and `bytes` what all come to.
pub(crate) struct Depot {
    magazines: [ListStack; SizeClass::COUNT],
    counts: [u32; SizeClass::COUNT],
    bytes: usize,
}

impl Depot {
    pub(crate) const fn new() -> Self {
        Self { magazines: [const { ListStack::new() }; SizeClass::COUNT], counts: [0; SizeClass::COUNT], bytes: 0 }
    }

    /// The number of blocks of `class`.
    pub(crate) fn blocks(&self, class: SizeClass) -> usize {
        self.counts[class.index()] as usize * magazine(class)
    }

    /// The bytes of all blocks in the depot.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stores a magazine of `class`, whose blocks are of at least [`LEAST_STACKED`](super::block::LEAST_STACKED) bytes.
    pub(crate) fn store(&mut self, class: SizeClass, full: FreeList) {
        self.magazines[class.index()].push(full);
        self.counts[class.index()] += 1;
        self.bytes += magazine_bytes(class);
    }

    /// Takes a magazine out.
    pub(crate) fn take(&mut self, class: SizeClass) -> Option<Batch> {
        let taken = self.magazines[class.index()].pop()?;
        self.counts[class.index()] -= 1;
        self.bytes -= magazine_bytes(class);
        Some(taken.into_batch(magazine(class)))
    }
}

/// The bytes of a magazine.
pub(crate) fn magazine_bytes(class: SizeClass) -> usize {
    magazine(class) * class.block_size()
}
