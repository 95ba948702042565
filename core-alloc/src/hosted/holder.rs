//! Holders: who can have a page that is cut into blocks.

use core::num::NonZero;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::owner::Owner;

/// Who has a page.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// An owner, behind whose lock the page is: any thread may have its blocks, and bring them home.
    Owner(&'static Owner),
    /// A private heap, without a lock: nobody else has anything to do with the page.
    PrivateHeap(HeapId),
}

/// What tells a private heap from all others, wherever it is moved.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct HeapId(NonZero<usize>);

impl HeapId {
    /// One that no other heap has. (Where addresses are short, those of heaps long gone come again.)
    pub(crate) fn draw() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        loop {
            // Relaxed: all that counts is that nobody else draws the same number.
            if let Some(id) = NonZero::new(NEXT.fetch_add(1, Relaxed)) {
                return Self(id);
            }
        }
    }
}
