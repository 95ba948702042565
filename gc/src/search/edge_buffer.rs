//! Edges that wait until their targets have been fetched.
//!
//! Each target lies somewhere in memory, and to look at it at once would be to wait for it. So it is prefetched and put
//! into a short queue; by the time that it comes out, it is there.

use core::cell::Cell;

use crate::object::ObjectRef;

/// How many edges wait at most.
const LENGTH: usize = 32;

/// A queue of edges, handed on in order.
pub(crate) struct EdgeBuffer<F: ?Sized> {
    waiting: [Cell<Option<(u32, ObjectRef)>>; LENGTH],
    next: Cell<usize>,
    source: Cell<u32>,
    hand_on: F,
}

impl<F: Fn(u32, ObjectRef)> EdgeBuffer<F> {
    /// A queue that hands edges to `hand_on`: the number of the source, and the target.
    pub(crate) fn new(hand_on: F) -> Self {
        Self { waiting: [const { Cell::new(None) }; LENGTH], next: Cell::new(0), source: Cell::new(0), hand_on }
    }
}

impl<F: Fn(u32, ObjectRef) + ?Sized> EdgeBuffer<F> {
    /// Says whose edges come next.
    #[inline]
    pub(crate) fn from(&self, source: u32) {
        self.source.set(source);
    }

    /// Takes an edge, and hands on the one that has waited longest, if the queue is full.
    #[inline]
    pub(crate) fn edge(&self, target: ObjectRef) {
        target.prefetch();
        let next = self.next.get();
        self.next.set((next + 1) % LENGTH);
        if let Some((source, target)) = self.waiting[next % LENGTH].replace(Some((self.source.get(), target))) {
            (self.hand_on)(source, target);
        }
    }

    /// Hands on all that wait.
    pub(crate) fn flush(&self) {
        for offset in 0..LENGTH {
            if let Some((source, target)) = self.waiting[(self.next.get() + offset) % LENGTH].take() {
                (self.hand_on)(source, target);
            }
        }
    }
}
